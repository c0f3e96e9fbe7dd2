use std::rc::Rc;
use terrace_plugin_api::Opaque;

#[derive(Opaque)]
struct A<T>(T);

#[derive(Opaque)]
#[opaque(name = "a type")]
struct B;

#[derive(Opaque)]
#[opaque(rename = "b")]
struct C;

#[derive(Opaque)]
struct D(Rc<i64>);

fn main() {}
