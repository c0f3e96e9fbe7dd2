use terrace_plugin_api::Record;

#[derive(Record)]
struct A {
    #[serde(flatten)]
    x: B,
    #[serde(rename(serialize = "y"))]
    y: i64,
    #[serde(skip_serializing_if = "is_zero")]
    z: i64,
    #[serde(rename = "y")]
    w: i64,
}

#[derive(Record)]
#[serde(rename_all = "Title Case")]
struct B {
    x: i64,
}

#[derive(Record)]
#[serde(untagged)]
enum C {
    X(i64),
}

#[derive(Record)]
#[serde(tag = "type")]
enum D {
    X(i64, i64),
    Y { r#type: i64 },
}

#[derive(Record)]
#[serde(content = "data")]
enum E {
    X(i64),
}

fn main() {}
