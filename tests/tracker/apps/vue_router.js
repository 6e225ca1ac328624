/** A site by Vue Router, with addresses in the path, or behind "#" where the page says so. */

import { createApp, h } from "vue";
import { createRouter, createWebHashHistory, createWebHistory, RouterLink, RouterView } from "vue-router";

const page = (title) => ({ render: () => h("main", [h("h1", title)]) });
const route = (path, title) => ({ path, component: page(title), meta: { title } });

const router = createRouter({
  history: document.documentElement.dataset.history == "hash" ? createWebHashHistory() : createWebHistory(),
  routes: [
    route("/", "Home"),
    route("/news", "News"),
    route("/news/:id", "A story"),
    { path: "/blog", redirect: "/news" },
    { path: "/members", component: page("Members"), beforeEnter: () => "/login" },
    route("/login", "Login"),
  ],
});
router.afterEach((to) => {
  document.title = to.meta.title;
});

const links = ["/", "/news", "/news/1", "/news/1#comments", "/blog", "/members"];
const App = {
  render: () => [
    links.map((to) => h(RouterLink, { to }, () => `to ${to}`)),
    h(RouterLink, { to: "/login", replace: true }, () => "replaced by login"),
    h(RouterView),
  ],
};

createApp(App).use(router).mount("#root");
