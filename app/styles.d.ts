/** Style sheets are imported for their effect on the page; the bundler reads them. */
declare module '*.css';
