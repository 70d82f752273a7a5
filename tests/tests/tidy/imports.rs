//! Which module uses which, read from the source: no circles across folders, and nothing that the architecture forbids.

use std::collections::{BTreeMap, BTreeSet};

use super::{files, packages, read};

/// The subcommands of the command line: none of them may use another.
const SUBCOMMANDS: &[&str] = &[
    "check", "compare", "explore", "export", "import", "init", "knob", "replay", "run", "serve", "show", "shrink",
    "systems",
];

/// The modules of a package, as they use each other.
struct Modules {
    /// The folder of the source, such as `sim/check/src`.
    root: String,
    /// For each file, the files that it imports from.
    uses: BTreeMap<String, BTreeSet<String>>,
}

impl Modules {
    /// Reads the modules under `root`.
    fn of(root: &str) -> Self {
        let sources: Vec<_> = files("rs").into_iter().filter(|file| file.starts_with(&format!("{root}/"))).collect();
        let mut modules = Self { root: root.to_owned(), uses: BTreeMap::new() };
        for file in &sources {
            modules.uses.insert(file.clone(), BTreeSet::new());
        }
        for file in &sources {
            let path = modules.path(file);
            let uses = paths(&read(file)).iter().filter_map(|used| modules.file(&path, used)).collect();
            modules.uses.insert(file.clone(), uses);
        }
        modules
    }

    /// The module path of a file, such as `["verify", "probe"]`.
    fn path(&self, file: &str) -> Vec<String> {
        let inner = file[self.root.len() + 1..].trim_end_matches(".rs");
        let parts = inner.split('/').map(str::to_owned);
        let mut path: Vec<_> = parts.collect();
        path.pop_if(|last| ["mod", "lib", "main"].contains(&last.as_str()));
        path
    }

    /// The file of the module with this path.
    fn at(&self, path: &[String]) -> Option<String> {
        let inner = path.join("/");
        let candidates = match path {
            [] => vec!["lib.rs".to_owned(), "main.rs".to_owned()],
            _ => vec![format!("{inner}.rs"), format!("{inner}/mod.rs")],
        };
        candidates.iter().map(|file| format!("{}/{file}", self.root)).find(|file| self.uses.contains_key(file))
    }

    /// The file of the module that a path in the code leads into, seen from the module `from`.
    fn file(&self, from: &[String], used: &[String]) -> Option<String> {
        let (mut path, mut rest) = match used[0].as_str() {
            "crate" => (Vec::new(), &used[1..]),
            "super" => (from[..from.len().checked_sub(1)?].to_vec(), &used[1..]),
            // A path that begins with a module which is declared here.
            _ => (from.to_vec(), used),
        };
        while let [first, others @ ..] = rest
            && first == "super"
        {
            path.pop();
            rest = others;
        }
        let start = path.len();
        for segment in rest {
            path.push(segment.clone());
            if self.at(&path).is_none() {
                path.pop();
                break;
            }
        }
        let is_local = !["crate", "super"].contains(&used[0].as_str());
        if is_local && path.len() == start {
            return None;
        }
        self.at(&path)
    }

    /// Groups of files that use each other, directly or by way of others, and lie in more than one folder.
    fn circles(&self) -> Vec<BTreeSet<String>> {
        let reached: BTreeMap<_, _> = self.uses.keys().map(|file| (file, self.reached(file))).collect();
        let mut circles = BTreeSet::new();
        for (file, reaches) in &reached {
            let mut circle: BTreeSet<_> =
                reaches.iter().filter(|other| reached[other].contains(*file)).cloned().collect();
            circle.insert((*file).clone());
            let folders: BTreeSet<_> = circle.iter().map(|file| folder(file)).collect();
            if folders.len() > 1 {
                circles.insert(circle);
            }
        }
        circles.into_iter().collect()
    }

    /// All files that `file` uses, directly or by way of others.
    fn reached(&self, file: &str) -> BTreeSet<String> {
        let (mut reached, mut next) = (BTreeSet::new(), vec![file]);
        while let Some(file) = next.pop() {
            for used in &self.uses[file] {
                if reached.insert(used.clone()) {
                    next.push(used);
                }
            }
        }
        reached
    }
}

fn folder(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The paths that a source file imports or names: those of `use`, and others that begin with `crate` or `super`.
///
/// Comments, declarations of modules and the tests at the end of a file do not count.
fn paths(source: &str) -> Vec<Vec<String>> {
    let code = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let code =
        code.split("#[cfg(test)]").next().and_then(|code| code.split("#[cfg(all(test").next()).unwrap_or_default();
    let mut paths = Vec::new();
    let mut rest = code;
    while let Some(at) = rest.find("use ") {
        let is_word = at == 0 || !rest.as_bytes()[at - 1].is_ascii_alphanumeric() && rest.as_bytes()[at - 1] != b'_';
        rest = &rest[at + 4..];
        // `use<'a>` bounds and words that end in `use` are none.
        let Some(end) = rest.find(';').filter(|_| is_word) else { continue };
        tree(&rest[..end], &[], &mut paths);
    }
    for start in ["crate::", "super::"] {
        let mut rest = code;
        while let Some(at) = rest.find(start) {
            let path = rest[at..].split(|char: char| !(char.is_alphanumeric() || "_:".contains(char))).next();
            paths.push(path.unwrap_or_default().split("::").map(str::to_owned).collect());
            rest = &rest[at + start.len()..];
        }
    }
    paths
}

/// Adds the paths of a tree such as `a::{b, c::d}`, each behind `before`.
fn tree(text: &str, before: &[String], paths: &mut Vec<Vec<String>>) {
    let text = text.trim();
    let Some((head, inner)) = text.split_once('{') else {
        let path = text.split(" as ").next().unwrap_or_default();
        let segments = path.split("::").map(str::trim).filter(|segment| !segment.is_empty() && *segment != "self");
        paths.push(before.iter().cloned().chain(segments.map(str::to_owned)).collect());
        return;
    };
    let head = head.split("::").map(str::trim).filter(|segment| !segment.is_empty()).map(str::to_owned);
    let before: Vec<_> = before.iter().cloned().chain(head).collect();
    let (mut depth, mut start) = (0, 0);
    let inner = inner.trim_end().strip_suffix('}').unwrap_or(inner);
    for (at, char) in inner.char_indices() {
        match char {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                tree(&inner[start..at], &before, paths);
                start = at + 1;
            }
            _ => {}
        }
    }
    if !inner[start..].trim().is_empty() {
        tree(&inner[start..], &before, paths);
    }
}

/// The source folders of all packages.
fn roots() -> Vec<String> {
    let folders = packages().into_iter().map(|package| format!("{}/src", package.folder));
    folders.filter(|root| files("rs").iter().any(|file| file.starts_with(&format!("{root}/")))).collect()
}

#[test]
fn modules_of_different_folders_do_not_use_each_other_in_a_circle() {
    let circles: Vec<_> = roots().iter().flat_map(|root| Modules::of(root).circles()).collect();
    assert!(circles.is_empty(), "{circles:#?}");
}

#[test]
fn a_circle_is_seen() {
    let uses = [("a/mod.rs", "b/x.rs"), ("b/x.rs", "c.rs"), ("c.rs", "a/mod.rs"), ("d/mod.rs", "d/y.rs")];
    let mut modules = Modules { root: String::new(), uses: BTreeMap::new() };
    for (file, used) in uses {
        modules.uses.entry(file.to_owned()).or_default().insert(used.to_owned());
        modules.uses.entry(used.to_owned()).or_default();
    }
    modules.uses.entry("d/y.rs".to_owned()).or_default().insert("d/mod.rs".to_owned());
    let circle = ["a/mod.rs", "b/x.rs", "c.rs"].map(str::to_owned).into();
    assert_eq!(modules.circles(), [circle], "and the circle within one folder is allowed");
}

#[test]
fn imports_are_read() {
    let source =
        "use crate::{a, b::{c, D as E}};\nuse super::f::*;\n// use crate::no;\npub use g::H;\nfn x() { crate::i::j() }";
    let mut read: Vec<_> = paths(source).iter().map(|path| path.join("::")).collect();
    read.sort();
    read.dedup();
    assert_eq!(
        read,
        ["crate::", "crate::a", "crate::b::D", "crate::b::c", "crate::i::j", "g::H", "super::f::", "super::f::*"]
    );
}

#[test]
fn no_subcommand_uses_another() {
    let modules = Modules::of("sim/cli/src");
    let lib = read("sim/cli/src/lib.rs");
    for variant in lib.lines().filter_map(|line| line.trim().strip_suffix("::Args),")) {
        let module = variant.split_once('(').and_then(|(_, path)| path.split("::").next()).unwrap_or_default();
        assert!(SUBCOMMANDS.contains(&module), "{module} is a subcommand, and the list does not have it");
    }
    let subcommand = |file: &str| {
        SUBCOMMANDS.iter().copied().find(|name| modules.path(file).first().is_some_and(|first| first == name))
    };
    let mut wrong = Vec::new();
    for (file, uses) in &modules.uses {
        for used in uses {
            if let (Some(one), Some(other)) = (subcommand(file), subcommand(used))
                && one != other
            {
                wrong.push(format!("{file} uses {used}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_module_is_in_one_place() {
    let sources: BTreeSet<_> = files("rs").into_iter().collect();
    let twice = sources.iter().filter(|file| {
        let folder = format!("{}/", file.trim_end_matches(".rs"));
        sources.iter().any(|other| other.starts_with(&folder))
    });
    let twice: Vec<_> = twice.collect();
    assert!(twice.is_empty(), "a folder has the same name, so these are its mod.rs or main.rs: {twice:?}");
}

#[test]
fn the_drawing_shows_which_package_uses_which() {
    let document = read("docs/architecture.md");
    let drawing = document.split("```text drawing\n").nth(1).and_then(|rest| rest.split("```").next());
    let drawing = drawing.expect("docs/architecture.md has a drawing");
    let mut drawn = BTreeMap::new();
    for line in drawing.lines().filter(|line| line.contains('→')) {
        let (name, uses) = line.split_once('→').expect("an arrow");
        let uses: BTreeSet<_> =
            uses.split(',').map(str::trim).filter(|used| !used.is_empty()).map(str::to_owned).collect();
        drawn.insert(name.trim().to_owned(), uses);
    }
    let all = packages();
    let mut actual = BTreeMap::new();
    for package in
        all.iter().filter(|package| !package.folder.starts_with("tests") && !package.folder.starts_with("examples"))
    {
        let crates = all.iter().map(|other| (other.name.as_str(), other.name.replace('-', "_")));
        let root = format!("{}/src/", package.folder);
        let sources: Vec<_> =
            files("rs").into_iter().filter(|file| file.starts_with(&root)).map(|file| read(&file)).collect();
        let named = |name: &str| {
            sources.iter().any(|source| {
                let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
                code.into_iter()
                    .any(|line| line.contains(&format!("{name}::")) || line.contains(&format!("use {name} ")))
            })
        };
        let used =
            crates.filter(|(name, krate)| *name != package.name && named(krate)).map(|(name, _)| name.to_owned());
        actual.insert(package.name.clone(), used.collect::<BTreeSet<_>>());
    }
    assert_eq!(drawn, actual, "the drawing in docs/architecture.md and the imports differ");
}
