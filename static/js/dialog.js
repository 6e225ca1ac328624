// <dialog> does most by itself: it traps the focus, closes on Escape and gives the focus back.

export function attachDialogOpener(opener) {
  opener.addEventListener("click", (event) => {
    const dialog = document.getElementById(opener.dataset.dialog);
    if (!dialog) return;
    event.preventDefault();
    dialog.showModal();
  });
}

export function attachTypeToConfirm(input) {
  const submit = input.form.querySelector("[type=submit]");
  const check = () => {
    submit.disabled = input.value.trim() !== input.dataset.expected;
  };
  input.addEventListener("input", check);
  check();
}

export function listenForDialogs() {
  document.addEventListener("click", (event) => {
    const { target } = event;
    if (target.closest("[data-dialog-close]")) target.closest("dialog")?.close();
    // A press on the backdrop is a press on the dialog itself, outside its box.
    if (target instanceof HTMLDialogElement && target.open && !isInside(target, event)) target.close();
  });
}

function isInside(dialog, { clientX, clientY, detail }) {
  // Enter on a button inside makes a click without a place.
  if (detail === 0) return true;
  const box = dialog.getBoundingClientRect();
  return clientX >= box.left && clientX <= box.right && clientY >= box.top && clientY <= box.bottom;
}
