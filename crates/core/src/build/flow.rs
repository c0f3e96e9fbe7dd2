//! A workflow written where it is used: [`WorkflowBuilder::flow`].

use super::WorkflowBuilder;
use super::body::Returned;
use super::form::Form;
use super::handle::Handle;
use crate::expr::{Expr, Root};

impl WorkflowBuilder {
    /// Adds a node that runs a workflow written here. The body sees the handles around it; what it
    /// returns is the node's value.
    ///
    /// ```
    /// use terrace_core::{NoTasks, WorkflowBuilder};
    ///
    /// let wf = WorkflowBuilder::new("report");
    /// let data = wf.call(|| vec![3.0, 1.0, 2.0], ());
    /// let spread = wf.flow("spread", |body| {
    ///     let low = body.call_ref(|xs: &Vec<f64>| xs.iter().copied().fold(f64::MAX, f64::min), (&data,));
    ///     let high = body.call_ref(|xs: &Vec<f64>| xs.iter().copied().fold(f64::MIN, f64::max), (&data,));
    ///     body.call(|low: f64, high: f64| high - low, (&low, &high))
    /// });
    /// wf.output("spread", &spread);
    /// assert_eq!(wf.build(&NoTasks)?.nodes().len(), 2);
    /// # Ok::<(), terrace_core::Problems>(())
    /// ```
    pub fn flow<B: Returned>(
        &self,
        name: impl AsRef<str>,
        body: impl FnOnce(&WorkflowBuilder) -> B,
    ) -> Handle<B::Value> {
        let inner = Self::inside(&self.shared);
        let (result, form) = inner.raw_result(body(&inner).handle());
        let id = Self::add_body(&self.shared, inner, result, None);
        Handle::new(&self.shared, Root::Node(id), form).named(name)
    }

    /// A body's value as it lies there.
    pub(super) fn raw_result<T>(&self, value: Option<Handle<T>>) -> (Expr, Form) {
        match value {
            Some(value) => (value.raw_expr(&self.shared), value.form()),
            None => (Expr::Const(terrace_plugin_api::Value::Null), Form::Data),
        }
    }
}
