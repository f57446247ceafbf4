// Loaded by docs.html after swagger-ui-bundle.js, which defines SwaggerUIBundle.
globalThis.SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  // No validator badge: it asks a server of somebody else's.
  validatorUrl: null,
});
