/** Style sheets are bundled as text and adopted, so that no inline style is needed. */
declare module "*.css" {
  const text: string;
  export default text;
}
