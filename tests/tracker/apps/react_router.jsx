/** A shop by React Router's data router: plain routes, a loader's redirect, a component's redirect, a query as state. */

import { createRoot } from "react-dom/client";
import { createBrowserRouter, Link, Navigate, Outlet, redirect, useNavigate, useParams, useSearchParams } from "react-router";
import { RouterProvider } from "react-router/dom";

const Page = ({ title, children }) => (
  <main>
    <title>{title}</title>
    <h1>{title}</h1>
    {children}
  </main>
);

function Layout() {
  const navigate = useNavigate();
  return (
    <>
      <Link to="/">Home</Link> <Link to="/products">Products</Link> <Link to="/products/7">Seven</Link>{" "}
      <Link to="/slow">Slow</Link> <Link to="/old">Old</Link> <Link to="/older">Older</Link> <Link to="/search">Search</Link>{" "}
      <Link to="/checkout" replace>
        Checkout
      </Link>{" "}
      <button onClick={() => navigate(-1)}>Back</button>
      <Outlet />
    </>
  );
}

function Product() {
  return <Page title={`Product ${useParams().id}`} />;
}

function Search() {
  const [params, setParams] = useSearchParams();
  const query = params.get("q") ?? "";
  return (
    <Page title={`Search ${query}`}>
      <button onClick={() => setParams({ q: "tea" })}>Tea</button>
      <button onClick={() => setParams({ q: "tea" }, { replace: true })}>Tea again</button>
    </Page>
  );
}

const pause = () => new Promise((done) => setTimeout(done, 700)); // longer than the tracker waits for a title

const router = createBrowserRouter([
  {
    element: <Layout />,
    HydrateFallback: () => null,
    children: [
      { path: "/", element: <Page title="Home" /> },
      { path: "/products", element: <Page title="Products" /> },
      { path: "/products/:id", element: <Product /> },
      { path: "/slow", loader: pause, element: <Page title="Slow" /> },
      { path: "/old", loader: () => redirect("/products") },
      { path: "/older", element: <Navigate to="/products" replace /> },
      { path: "/search", element: <Search /> },
      { path: "/checkout", element: <Page title="Checkout" /> },
    ],
  },
]);

createRoot(document.getElementById("root")).render(<RouterProvider router={router} />);
