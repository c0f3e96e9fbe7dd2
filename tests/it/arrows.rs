//! The dependency arrows of ARCHITECTURE.md, held against `cargo metadata`.

use std::collections::BTreeMap;
use std::process::Command;

/// Who may know whom. Whatever is not here is not allowed.
const ARROWS: &[(&str, &[&str])] = &[
    ("terrace-plugin-macros", &[]),
    ("terrace-plugin-api", &["terrace-plugin-macros"]),
    ("terrace-core", &["terrace-plugin-api"]),
    ("terrace-scheduler", &["terrace-core", "terrace-plugin-api"]),
    ("terrace-forecast", &["terrace-core", "terrace-report", "terrace-scheduler"]),
    ("terrace-plugin-host", &["terrace-core", "terrace-plugin-api"]),
    ("terrace-report", &["terrace-core"]),
    ("terrace-otel", &["terrace-core", "terrace-report"]),
    (
        "terrace",
        &[
            "terrace-core",
            "terrace-forecast",
            "terrace-plugin-api",
            "terrace-plugin-host",
            "terrace-report",
            "terrace-scheduler",
        ],
    ),
    ("terrace-cli", &["terrace", "terrace-otel"]),
    ("terrace-bench-protocol", &[]),
    ("terrace-peer", &["terrace", "terrace-bench-protocol", "terrace-core", "terrace-scheduler"]),
    (
        "terrace-instructions",
        &[
            "terrace-bench-protocol",
            "terrace-core",
            "terrace-pack-math",
            "terrace-plugin-api",
            "terrace-plugin-host",
            "terrace-scheduler",
        ],
    ),
    ("terrace-bench-recording", &["terrace"]),
    ("terrace-bench-packs", &["terrace", "terrace-bench-protocol", "terrace-plugin-api"]),
    ("terrace-bench-sizes", &["terrace-bench-protocol", "terrace-peer"]),
    ("terrace-tests", &[]),
    ("example-core-alone", &["terrace-core"]),
    ("example-scheduler-alone", &["terrace-scheduler"]),
    ("example-embed", &["terrace"]),
    ("example-shapes", &["terrace"]),
];

/// What tests may know beyond that. Nothing else: a crate's own tests get along with what the
/// crate knows, so that no arrow is turned round for good, and what needs more is a test across
/// crates. The graphs of benches are no such thing: what makes them knows nobody.
const DEV_ARROWS: &[(&str, &[&str])] = &[
    ("terrace-core", &["terrace-bench-protocol"]),
    ("terrace-scheduler", &["terrace-bench-protocol"]),
    ("terrace-tests", &["terrace", "terrace-pack-math"]),
];

/// The only crates that may name abi_stable and libloading.
const ABI_STABLE: &[&str] = &["terrace-plugin-api", "terrace-plugin-host"];

#[test]
fn arrows_point_down_only() {
    let metadata = metadata();
    let mut wrong = Vec::new();
    for (name, dependencies) in packages(&metadata) {
        let allowed: &[&str] = if name.starts_with("terrace-pack-") {
            &["terrace-plugin-api"]
        } else {
            match ARROWS.iter().find(|(known, _)| *known == name) {
                Some((_, allowed)) => allowed,
                None => panic!("`{name}` has no line in the table above"),
            }
        };
        for (dependency, dev) in dependencies {
            let ours = dependency == "terrace"
                || dependency.starts_with("terrace-")
                || dependency.starts_with("example-");
            let may = |arrows: &[&str]| arrows.contains(&&*dependency);
            let more = DEV_ARROWS.iter().find(|(known, _)| dev && *known == name);
            if ours && !may(allowed) && !more.is_some_and(|(_, more)| may(more)) {
                let kind = if dev { " (in tests)" } else { "" };
                wrong.push(format!("{name} -> {dependency}{kind}"));
            }
            let abi = dependency == "abi_stable";
            if abi && !ABI_STABLE.contains(&&*name) {
                wrong.push(format!("{name} -> {dependency} (behind plugin-api's door)"));
            }
            if dependency == "libloading" && name != "terrace-plugin-host" {
                wrong.push(format!("{name} -> {dependency}"));
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that must not be: {wrong:#?}");
}

/// Its tests may use what they like.
#[test]
fn core_is_pure() {
    let metadata = metadata();
    let all: BTreeMap<String, Vec<(String, bool)>> = packages(&metadata).collect();
    for forbidden in ["crossbeam", "crossbeam-deque", "rustix", "signal-hook", "tempfile", "object"]
    {
        assert!(
            !all["terrace-core"].iter().any(|(name, dev)| name == forbidden && !dev),
            "core must not know {forbidden}"
        );
    }
}

fn metadata() -> serde_json::Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--locked", "--offline"])
        .current_dir(terrace_tests::root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Each package with its dependencies, and whether each is for development only.
fn packages(
    metadata: &serde_json::Value,
) -> impl Iterator<Item = (String, Vec<(String, bool)>)> + '_ {
    metadata["packages"].as_array().unwrap().iter().map(|package| {
        let dependencies = package["dependencies"].as_array().unwrap().iter();
        let dependencies = dependencies
            .map(|one| (one["name"].as_str().unwrap().to_owned(), one["kind"] == "dev"))
            .collect();
        (package["name"].as_str().unwrap().to_owned(), dependencies)
    })
}
