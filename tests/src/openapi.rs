//! The API's description, as the gateway serves it: its operations.

mod judge;

use std::sync::OnceLock;

use reqwest::Method;
use serde_json::Value;

pub use judge::fault;

/// Members of a path item that are operations.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// An operation: a method of a path.
pub struct Operation {
    pub method: Method,
    /// The path's template, such as `/api/orders/{id}`.
    pub path: String,
    /// The component that answers it.
    pub component: String,
    /// Whether it needs no token.
    pub open: bool,
}

impl Operation {
    /// Whether this is the operation of `method` and the template `path`.
    pub fn is(&self, method: &Method, path: &str) -> bool {
        self.method == *method && self.path == path
    }
}

/// The whole document.
pub fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| serde_json::from_str(::openapi::document()).expect("the description is JSON"))
}

/// Every operation of the document.
pub fn operations() -> &'static [Operation] {
    static OPERATIONS: OnceLock<Vec<Operation>> = OnceLock::new();
    OPERATIONS.get_or_init(|| {
        let paths = document()["paths"].as_object().expect("the description has paths");
        paths.iter().flat_map(|(path, item)| of_path(path, item)).collect()
    })
}

fn of_path<'a>(path: &'a str, item: &'a Value) -> impl Iterator<Item = Operation> + 'a {
    METHODS.iter().filter_map(move |method| {
        let operation = item.get(method)?;
        let component = operation["tags"][0].as_str().expect("an operation has a tag").to_owned();
        let open = operation["security"].as_array().expect("an operation says who may").is_empty();
        let method = method.to_uppercase().parse().expect("a method");
        Some(Operation { method, path: path.to_owned(), component, open })
    })
}

/// The methods of a path's template, as the header `Allow` has them: who answers GET answers HEAD.
pub fn methods(path: &str) -> Vec<String> {
    let of_path = operations().iter().filter(|operation| operation.path == path);
    let mut methods: Vec<_> = of_path.map(|operation| operation.method.to_string()).collect();
    if methods.iter().any(|method| method == "GET") {
        methods.push("HEAD".to_owned());
    }
    methods.sort();
    methods
}

/// The template of a path: of several that fit, the one whose literal segments come first.
pub fn template(path: &str) -> Option<&'static str> {
    let path: Vec<_> = path.split(['?', '#']).next().unwrap_or_default().split('/').collect();
    let fitting = operations().iter().filter(|operation| fits(&operation.path, &path));
    fitting.map(|operation| operation.path.as_str()).min_by_key(|template| parameters(template))
}

fn fits(template: &str, path: &[&str]) -> bool {
    let wanted: Vec<_> = template.split('/').collect();
    let fits = |(wanted, part): (&&str, &&str)| wanted == part || (is_parameter(wanted) && !part.is_empty());
    wanted.len() == path.len() && wanted.iter().zip(path).all(fits)
}

/// Which segments are parameters, by place.
fn parameters(template: &str) -> Vec<bool> {
    template.split('/').map(is_parameter).collect()
}

fn is_parameter(segment: &str) -> bool {
    segment.starts_with('{')
}
