// Shows the description of this API. "Authorize" takes an access token, which the page forgets when it is left.
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  docExpansion: "none",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  persistAuthorization: false,
  requestSnippetsEnabled: true,
  // Its default shows the description to validator.swagger.io.
  validatorUrl: null,
});
