use serde_json::json;

use super::*;

const PAGE: &str = "\
words before\n\
<!-- deps:begin -->\n\
| crate | may use |\n\
|:------|---------|\n\
| `wire` | nothing |\n\
| `rfb` | `wire`, `pixels` |\n\
| `pixels` | - |\n\
| `gateway` | `rfb` |\n\
<!-- deps:end -->\n\
| not | read |\n";

fn table(page: &str) -> Allowed {
    parse_table(page).unwrap()
}

fn package(name: &str, folder: &str) -> Value {
    json!({"id": name, "name": name, "manifest_path": format!("/x/{folder}/Cargo.toml")})
}

fn node(name: &str, deps: &[(&str, Value)]) -> Value {
    let deps: Vec<Value> = deps
        .iter()
        .map(|(name, kind)| json!({"pkg": name, "dep_kinds": [{"kind": kind}]}))
        .collect();
    json!({"id": name, "deps": deps})
}

fn metadata(nodes: &[Value]) -> Value {
    json!({
        "workspace_members":
            ["porthole-wire", "porthole-pixels", "porthole-rfb", "porthole-gateway"],
        "packages": [
            package("porthole-wire", "crates/pure/wire"),
            package("porthole-pixels", "crates/pure/pixels"),
            package("porthole-rfb", "crates/pure/rfb"),
            package("porthole-gateway", "crates/edge/gateway"),
            package("adapter", "registry/adapter"),
            package("tokio", "registry/tokio"),
            package("getrandom", "registry/getrandom"),
        ],
        "resolve": {"nodes": nodes},
    })
}

fn faults(nodes: &[Value]) -> Vec<String> {
    compare(&table(PAGE), &parse_members(&metadata(nodes)).unwrap())
}

#[test]
fn reads_the_table_alone() {
    let allowed = table(PAGE);
    assert_eq!(allowed.len(), 4);
    assert!(allowed["wire"].is_empty());
    assert!(allowed["pixels"].is_empty());
    assert_eq!(allowed["rfb"], BTreeSet::from(["pixels".to_owned(), "wire".to_owned()]));
}

#[test]
fn refuses_broken_tables() {
    let cases = [
        ("no marks", "| `wire` | nothing |"),
        ("no end", "<!-- deps:begin -->\n| `wire` | nothing |\n"),
        ("no rows", "<!-- deps:begin -->\n| crate | may use |\n<!-- deps:end -->"),
        ("three cells", "<!-- deps:begin -->\n| a | b | c |\n<!-- deps:end -->"),
        ("twice", "<!-- deps:begin -->\n| a | - |\n| a | - |\n<!-- deps:end -->"),
    ];
    for (name, page) in cases {
        assert!(parse_table(page).is_err(), "{name}");
    }
}

#[test]
fn accepts_what_the_table_allows() {
    let normal = Value::Null;
    let nodes = [
        node("porthole-rfb", &[("porthole-wire", normal.clone())]),
        node("porthole-gateway", &[("porthole-rfb", normal.clone()), ("tokio", normal)]),
        // Tests may use more than the crate itself.
        node("porthole-wire", &[("porthole-rfb", json!("dev")), ("tokio", json!("dev"))]),
    ];
    assert_eq!(faults(&nodes), Vec::<String>::new());
}

#[test]
fn names_every_fault() {
    let normal = Value::Null;
    let nodes = [
        node("porthole-pixels", &[("porthole-wire", normal.clone())]),
        node("porthole-rfb", &[("porthole-gateway", normal.clone())]),
        node("porthole-wire", &[("adapter", normal.clone()), ("getrandom", normal.clone())]),
        node("adapter", &[("tokio", normal)]),
    ];
    assert_eq!(
        faults(&nodes),
        [
            "pixels may not use wire",
            "pixels is pure, yet reaches tokio",
            "rfb may not use gateway",
            "rfb uses gateway, which is of a higher tier",
            "wire is pure, yet reaches getrandom",
            "wire is pure, yet reaches tokio",
        ]
    );
}

#[test]
fn names_rows_without_crates_and_crates_without_rows() {
    let page = "<!-- deps:begin -->\n| `wire` | `gone` |\n| `old` | nothing |\n<!-- deps:end -->";
    let members = parse_members(&metadata(&[])).unwrap();
    assert_eq!(
        compare(&table(page), &members),
        [
            "the table has a row for old, which is not a crate",
            "the table lets wire use gone, which is not a crate",
            "the table has no row for gateway",
            "the table has no row for pixels",
            "the table has no row for rfb",
        ]
    );
}
