//! `/openapi.json` (OpenAPI 3.1), printed from the route tables, so that it cannot differ from what is served.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value as Json, json};

use crate::base::key::purpose;
use crate::kit::Route;
use crate::kit::http::May;

/// The whole description.
pub fn document(base: &str, routes: &[Route]) -> Json {
    let mut generator =
        SchemaSettings::draft2020_12().with(|s| s.definitions_path = "/components/schemas".into()).into_generator();
    let mut paths: Map<String, Json> = Map::new();
    for route in routes {
        let ok = match route.gives {
            Some(schema) => json!({ "application/json": { "schema": schema(&mut generator) } }),
            None => json!({}),
        };
        let parameters: Vec<Json> = names(route.path)
            .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
            .chain((route.method == "POST").then(|| {
                json!({ "name": "Idempotency-Key", "in": "header", "schema": { "type": "string", "maxLength": 200 },
                    "description": "A repeated call with the same key gets the same answer for 30 days." })
            }))
            .collect();
        let mut operation = json!({
            "summary": route.about,
            "parameters": parameters,
            "responses": {
                "200": { "description": "Done; HTML unless JSON is asked for.", "content": ok },
                "default": { "description": "Refused.", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Error" } } } },
            },
        });
        if route.method == "POST" {
            operation["requestBody"] = json!({ "content": {
                "application/json": { "schema": { "type": "object" } },
                "application/x-www-form-urlencoded": { "schema": { "type": "object" } },
                "multipart/form-data": { "schema": { "type": "object" } },
            } });
        }
        if route.method == "PATCH" {
            operation["requestBody"] = json!({ "content": { "application/offset+octet-stream": { "schema": { "type": "string", "format": "binary" } } } });
        }
        if route.may != May::Anyone {
            operation["security"] = json!([{ "session": [] }, { "bearer": [] }]);
        }
        let purposes = purpose::of_route(route.method, route.path);
        if !purposes.is_empty() {
            operation["x-xiezhi-purposes"] = json!(purposes);
        }
        let entry = paths.entry(route.path.replace("{*", "{")).or_insert_with(|| json!({}));
        entry[route.method.to_ascii_lowercase()] = operation;
    }
    let mut schemas = Json::Object(generator.take_definitions(true).into_iter().collect());
    schemas["Error"] = json!({
        "type": "object", "required": ["code", "message"],
        "properties": { "code": { "type": "string" }, "message": { "type": "string" }, "field": { "type": "string" } },
    });
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Xiezhi 协治", "version": env!("CARGO_PKG_VERSION"), "license": { "name": "Apache-2.0" } },
        "servers": [{ "url": if base.is_empty() { "/" } else { base } }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "session": { "type": "apiKey", "in": "cookie", "name": "session" },
                "bearer": { "type": "http", "scheme": "bearer" },
            },
        },
    })
}

/// Names of a path's parameters.
fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|p| p.split('}').next()).map(|p| p.trim_start_matches('*'))
}
