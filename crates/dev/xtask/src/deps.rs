//! `cargo xtask deps`: who may depend on whom.
//!
//! The rule is a table in `ARCHITECTURE.md`, between `<!-- deps:begin -->` and
//! `<!-- deps:end -->`, one row for each crate of the workspace:
//!
//! ```text
//! | crate    | may use          |
//! |----------|------------------|
//! | `wire`   | nothing          |
//! | `pixels` | `wire`           |
//! ```
//!
//! Names are folders: the package `porthole-wire` is `wire`. Normal dependencies are compared,
//! not those of tests and build scripts. Beyond the table, a crate of a lower tier never uses
//! one of a higher, and nothing under `crates/pure` reaches a crate that does input or output.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::workspace;

const BEGIN: &str = "<!-- deps:begin -->";
const END: &str = "<!-- deps:end -->";

/// Crates that no pure crate may reach, however indirectly: sockets, tasks, timers.
const WORLDLY: &[&str] = &[
    "async-std",
    "axum",
    "h2",
    "hyper",
    "hyper-util",
    "mio",
    "polling",
    "reqwest",
    "smol",
    "socket2",
    "tokio",
    "tokio-openssl",
    "tokio-rustls",
    "tokio-tungstenite",
];

/// Crates that no pure crate may name itself: randomness, files and the wall clock are arguments.
/// Some cryptography brings its own randomness along, which is why this list is not [`WORLDLY`].
const WORLDLY_DIRECT: &[&str] =
    &["chrono", "getrandom", "jiff", "libc", "rand", "rustix", "tempfile", "time"];

/// The folder that a crate lives under. Later tiers may use earlier ones, never the reverse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Tier {
    Pure,
    Edge,
    Dev,
}

/// One crate of the workspace.
#[derive(Debug)]
struct Member {
    tier: Tier,
    /// Other crates of the workspace, by folder name.
    uses: BTreeSet<String>,
    /// Crates from outside that it names itself.
    outside: BTreeSet<String>,
    /// Every crate that it reaches, itself included, by package name.
    reaches: BTreeSet<String>,
}

type Members = BTreeMap<String, Member>;
type Allowed = BTreeMap<String, BTreeSet<String>>;

/// Compares the table with the crates.
///
/// # Errors
///
/// They differ, or either cannot be read.
pub(crate) fn run() -> Result<()> {
    let root = workspace::root();
    let page = std::fs::read_to_string(root.join("ARCHITECTURE.md"))
        .context("cannot read ARCHITECTURE.md")?;
    let allowed = parse_table(&page)?;
    let members = parse_members(&workspace::metadata(&root.join("Cargo.toml"), true)?)?;
    let faults = compare(&allowed, &members);
    if !faults.is_empty() {
        bail!("dependencies break the rules:\n  {}", faults.join("\n  "));
    }
    println!("dependencies of {} crates follow ARCHITECTURE.md", members.len());
    Ok(())
}

fn compare(allowed: &Allowed, members: &Members) -> Vec<String> {
    let mut faults = Vec::new();
    for name in allowed.keys().filter(|name| !members.contains_key(*name)) {
        faults.push(format!("the table has a row for {name}, which is not a crate"));
    }
    for (name, uses) in allowed {
        for used in uses.iter().filter(|used| !members.contains_key(*used)) {
            faults.push(format!("the table lets {name} use {used}, which is not a crate"));
        }
    }
    for (name, member) in members {
        match allowed.get(name) {
            None => faults.push(format!("the table has no row for {name}")),
            Some(row) => faults.extend(
                member.uses.difference(row).map(|used| format!("{name} may not use {used}")),
            ),
        }
        for used in &member.uses {
            if members.get(used).is_some_and(|other| member.tier < other.tier) {
                faults.push(format!("{name} uses {used}, which is of a higher tier"));
            }
        }
        if member.tier == Tier::Pure {
            let direct = WORLDLY_DIRECT.iter().filter(|name| member.outside.contains(**name));
            let reached = WORLDLY.iter().filter(|name| member.reaches.contains(**name));
            faults.extend(
                direct.chain(reached).map(|crate_| format!("{name} is pure, yet reaches {crate_}")),
            );
        }
    }
    faults
}

fn parse_table(page: &str) -> Result<Allowed> {
    let (_, rest) = page.split_once(BEGIN).with_context(|| format!("no {BEGIN} in the page"))?;
    let (table, _) = rest.split_once(END).with_context(|| format!("no {END} in the page"))?;
    let mut allowed = Allowed::new();
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [name, uses] = cells.as_slice() else {
            bail!("a row of the table has not two cells: {line}");
        };
        if *name == "crate" || name.chars().all(|letter| matches!(letter, '-' | ':')) {
            continue;
        }
        if allowed.insert(bare(name).to_owned(), parse_uses(uses)).is_some() {
            bail!("the table has two rows for {name}");
        }
    }
    if allowed.is_empty() {
        bail!("the table has no rows");
    }
    Ok(allowed)
}

fn parse_uses(cell: &str) -> BTreeSet<String> {
    cell.split(',')
        .map(|name| bare(name.trim()).to_owned())
        .filter(|name| !matches!(name.as_str(), "" | "-" | "nothing"))
        .collect()
}

fn bare(name: &str) -> &str {
    name.trim_matches('`')
}

fn parse_members(metadata: &Value) -> Result<Members> {
    let ids: BTreeSet<&str> =
        list(metadata, "workspace_members")?.iter().filter_map(Value::as_str).collect();
    let graph = Graph::parse(metadata)?;
    let mut members = Members::new();
    for id in &ids {
        let package = graph.packages.get(id).context("a workspace member has no package")?;
        let mut member = Member {
            tier: package.tier,
            uses: BTreeSet::new(),
            outside: BTreeSet::new(),
            reaches: graph.reached_from(id),
        };
        for used in graph.edges.get(id).into_iter().flatten() {
            let used_name = graph.packages.get(used).map_or(*used, |package| package.name);
            if ids.contains(used) {
                member.uses.insert(folder_of(used_name).to_owned());
            } else {
                member.outside.insert(used_name.to_owned());
            }
        }
        members.insert(folder_of(package.name).to_owned(), member);
    }
    Ok(members)
}

fn folder_of(package: &str) -> &str {
    package.strip_prefix("porthole-").unwrap_or(package)
}

#[derive(Debug)]
struct Package<'a> {
    name: &'a str,
    tier: Tier,
}

/// Packages by identifier, and the normal dependencies between them.
struct Graph<'a> {
    packages: BTreeMap<&'a str, Package<'a>>,
    edges: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Graph<'a> {
    fn parse(metadata: &'a Value) -> Result<Self> {
        let mut packages = BTreeMap::new();
        for package in list(metadata, "packages")? {
            let tier = match text(package, "manifest_path")? {
                path if path.contains("/crates/pure/") => Tier::Pure,
                path if path.contains("/crates/edge/") => Tier::Edge,
                _ => Tier::Dev,
            };
            packages.insert(text(package, "id")?, Package { name: text(package, "name")?, tier });
        }
        let resolve = metadata.get("resolve").context("cargo metadata has no resolve")?;
        let mut edges = BTreeMap::new();
        for node in list(resolve, "nodes")? {
            let used = list(node, "deps")?.iter().filter(|dep| is_normal(dep));
            let used = used.map(|dep| text(dep, "pkg")).collect::<Result<Vec<_>>>()?;
            edges.insert(text(node, "id")?, used);
        }
        Ok(Self { packages, edges })
    }

    fn reached_from(&self, id: &'a str) -> BTreeSet<String> {
        let mut seen = BTreeSet::from([id]);
        let mut waiting = vec![id];
        while let Some(id) = waiting.pop() {
            for used in self.edges.get(id).into_iter().flatten() {
                if seen.insert(used) {
                    waiting.push(used);
                }
            }
        }
        seen.iter().filter_map(|id| self.packages.get(id)).map(|found| found.name.into()).collect()
    }
}

/// A dependency counts when one of its kinds is neither "dev" nor "build".
fn is_normal(dep: &Value) -> bool {
    let kinds = dep.get("dep_kinds").and_then(Value::as_array);
    kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind.get("kind").is_none_or(Value::is_null)))
}

fn list<'a>(value: &'a Value, name: &str) -> Result<&'a Vec<Value>> {
    value.get(name).and_then(Value::as_array).with_context(|| format!("no list {name} in metadata"))
}

fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str> {
    value.get(name).and_then(Value::as_str).with_context(|| format!("no text {name} in metadata"))
}

#[cfg(test)]
#[path = "deps_tests.rs"]
mod tests;
