//! A few tasks as a pack would have them, to build with.

use std::sync::Arc;

use terrace_core::{Catalog, Port, Signature, Task, TaskError, TaskRef, Value};
use terrace_plugin_api::TaskContext;

/// `math/add`, `math/sum`, `text/count`, `text/words`, `util/any`. They take and give plain data.
pub(crate) struct Tasks;

struct Body(fn(&[Value]) -> Option<Value>);

impl Task for Body {
    fn call(&self, _: &TaskContext<'_>, args: &mut [Value]) -> Result<Value, TaskError> {
        (self.0)(args).ok_or_else(|| TaskError::msg(format!("cannot take {args:?}")))
    }
}

impl Catalog for Tasks {
    fn find(&self, name: &str) -> Option<TaskRef> {
        type Row = (&'static [(&'static str, &'static str)], &'static str, Body);
        let (ports, output, body): Row = match name {
            "math/add" => (
                &[("x", "i64"), ("y", "i64")],
                "i64",
                Body(|args| Some(Value::I64(args[0].as_i64()? + args[1].as_i64()?))),
            ),
            "math/sum" => (
                &[("values", "list<f64>")],
                "f64",
                Body(|args| {
                    let Value::List(items) = &args[0] else { return None };
                    let numbers: Option<Vec<f64>> = items.iter().map(Value::as_f64).collect();
                    Some(Value::F64(numbers?.iter().sum()))
                }),
            ),
            "text/count" => (
                &[("text", "str"), ("limit", "i64?")],
                "map<str, i64>",
                Body(|_| Value::map([("a", Value::I64(1))]).ok()),
            ),
            "text/points" => (
                &[],
                "list<{x: f64, y: f64}>",
                Body(|_| {
                    let point = |x| Value::map([("x", Value::F64(x)), ("y", Value::F64(-x))]).ok();
                    Value::list(vec![point(1.0)?, point(2.0)?]).ok()
                }),
            ),
            "text/x" => (
                &[("point", "{x: f64, y: f64}")],
                "f64",
                Body(|args| match &args[0] {
                    Value::Map(map) => map.get("x").cloned(),
                    _ => None,
                }),
            ),
            "util/any" => (&[("value", "any")], "any", Body(|args| Some(args[0].clone()))),
            _ => return None,
        };
        let ports = ports.iter().map(|(name, ty)| Port::new(*name, ty.parse().unwrap())).collect();
        let output = output.parse().unwrap();
        let signature = Signature { ports, output, pure: true, ..Signature::default() };
        let signature = Arc::new(signature);
        Some(TaskRef { name: name.into(), signature, body: Arc::new(body), pack: None })
    }
    fn names(&self) -> Vec<String> {
        ["math/add", "math/sum", "text/count", "text/points", "text/x", "util/any"]
            .map(String::from)
            .to_vec()
    }
}
