//! The math pack.

mod arithmetic;

terrace_plugin_api::export_pack! {
    name: math,
    description: "Arithmetic.",
    tasks: [arithmetic::add, arithmetic::sum]
}
