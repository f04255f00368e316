//! The OpenAPI description as a judge: what a daemon answers is held against it, strictly.
//!
//! Answers may get new fields, so the description leaves objects open; here they are closed, because a field that a daemon
//! sends and the description does not know is a mistake in one of them.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::world::daemon::Reply;

pub struct Description {
    pub document: Value,
    closed: Value,
    visited: RefCell<BTreeSet<String>>,
}

impl Description {
    pub fn new(document: Value) -> Self {
        let mut closed = document["components"].clone();
        let schemas = closed["schemas"].as_object_mut().expect("schemas");
        schemas.values_mut().for_each(|schema| close(schema, true));
        Self { document, closed, visited: RefCell::default() }
    }

    /// Every operation as `POST /path`.
    pub fn operations(&self) -> Vec<(String, &Value)> {
        let paths = self.document["paths"].as_object().expect("paths");
        let of = |(path, item): (&String, &'_ Value)| {
            let item = item.as_object().expect("a path item");
            let found = item.iter().map(|(method, _)| (format!("{} {path}", method.to_uppercase()), method.clone()));
            found.collect::<Vec<_>>()
        };
        let mut operations = Vec::new();
        for entry in paths {
            for (name, method) in of(entry) {
                operations.push((name, &entry.1[method]));
            }
        }
        operations
    }

    /// A reference's target, or the thing itself.
    pub fn resolve<'d>(&'d self, thing: &'d Value) -> &'d Value {
        match thing["$ref"].as_str() {
            Some(reference) => {
                self.document.pointer(reference.trim_start_matches('#')).expect("the reference's target")
            }
            None => thing,
        }
    }

    /// What is wrong with `value`, as far as this schema tells.
    pub fn faults(&self, schema: &Value, value: &Value) -> Vec<String> {
        let mut root = schema.clone();
        close(&mut root, false);
        root["components"] = self.closed.clone();
        let validator = jsonschema::draft202012::options()
            .should_validate_formats(true)
            .build(&root)
            .unwrap_or_else(|error| panic!("the schema is none: {error}\n{schema}"));
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    /// Holds an answer against the operation `POST /path`: status, media type, body.
    #[track_caller]
    pub fn check(&self, operation: &str, reply: &Reply) {
        let operations = self.operations();
        let (_, described) = operations
            .iter()
            .find(|(name, _)| name == operation)
            .unwrap_or_else(|| panic!("{operation} is not described"));
        let response = &described["responses"][reply.status.to_string()];
        assert!(response.is_object(), "{operation} answers {} and does not say so: {reply:?}", reply.status);
        assert!(reply.headers.contains_key("x-request-id"), "{operation}: {reply:?}");
        let response = self.resolve(response);
        for name in ["location", "retry-after", "allow", "www-authenticate", "set-cookie", "preference-applied"] {
            let told = response["headers"]
                .as_object()
                .is_some_and(|known| known.keys().any(|key| key.eq_ignore_ascii_case(name)));
            assert!(told || !reply.headers.contains_key(name), "{operation}: the header {name} is not described");
        }
        if reply.status < 400 {
            self.visited.borrow_mut().insert(operation.to_owned());
        }
        let Some(contents) = response["content"].as_object() else {
            assert_eq!(reply.body, json!(""), "{operation}: a body that is not described");
            return;
        };
        let media_type = reply.headers["content-type"].split(';').next().unwrap_or_default();
        let content = contents.get(media_type).unwrap_or_else(|| panic!("{operation}: {media_type} is not described"));
        if media_type.ends_with("json") {
            let faults = self.faults(&content["schema"], &reply.body);
            assert!(faults.is_empty(), "{operation} {}: {faults:#?}\n{}", reply.status, reply.body);
        }
    }

    /// Operations that no good answer was seen of.
    pub fn unseen(&self) -> Vec<String> {
        let visited = self.visited.borrow();
        self.operations().into_iter().map(|(name, _)| name).filter(|name| !visited.contains(name)).collect()
    }
}

/// Closes every object where it is used. What is a part of something larger (`allOf`, a component) stays open there.
fn close(schema: &mut Value, is_part: bool) {
    let Some(fields) = schema.as_object_mut() else { return };
    if let Some(Value::Object(properties)) = fields.get_mut("properties") {
        properties.values_mut().for_each(|property| close(property, false));
    }
    for name in ["items", "additionalProperties"] {
        if let Some(inner) = fields.get_mut(name) {
            close(inner, false);
        }
    }
    for name in ["oneOf", "anyOf"] {
        list(fields, name).for_each(|inner| close(inner, is_part));
    }
    list(fields, "allOf").for_each(|inner| close(inner, true));
    let is_object = ["properties", "allOf", "$ref"].iter().any(|name| fields.contains_key(*name));
    if is_object && !is_part {
        fields.insert("unevaluatedProperties".to_owned(), json!(false));
    }
}

fn list<'f>(fields: &'f mut Map<String, Value>, name: &str) -> impl Iterator<Item = &'f mut Value> {
    fields.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten()
}
