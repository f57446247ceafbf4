// Loaded by docs.html after swagger-ui-bundle.js, which defines SwaggerUIBundle.
globalThis.SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  // Swagger UI 5 stops drawing after some tags if the operations of all of them are open at once.
  docExpansion: "none",
  // No validator badge: it asks a server of somebody else's.
  validatorUrl: null,
});
