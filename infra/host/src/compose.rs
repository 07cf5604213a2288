//! Composition of a component with its `[component.*.dependencies]`, as Spin does it at load.

use anyhow::{Context as _, Result, bail, ensure};
use wac_graph::types::{Package, SubtypeChecker, World, WorldId};
use wac_graph::{CompositionGraph, EncodeOptions, NodeId};

use crate::capabilities;
use crate::manifest::Inherit;

/// One dependency of a component.
pub struct Plug {
    /// `ns:pkg/iface@v`, `ns:pkg@v`, `ns:pkg/iface`, `ns:pkg` or a plain import name.
    pub name: String,
    pub bytes: Vec<u8>,
    /// The export to use instead of the one named as the import.
    pub export: Option<String>,
    pub inherit: Inherit,
}

/// Composes `component` with its dependencies: one instance each, which serves all the imports its name matches.
pub fn compose(id: &str, component: Vec<u8>, plugs: Vec<Plug>, has_environment: bool) -> Result<Vec<u8>> {
    if plugs.is_empty() {
        return Ok(component);
    }
    let mut graph = CompositionGraph::new();
    let parent = add(&mut graph, id, component)?;
    let mut open: Vec<String> = world(&graph, parent).imports.keys().cloned().collect();
    for (at, plug) in plugs.into_iter().enumerate() {
        let (imports, rest): (Vec<_>, _) = open.into_iter().partition(|import| matches(&plug.name, import));
        ensure!(
            !imports.is_empty(),
            "dependency {:?} matches no import of component {id:?} that is not satisfied by another one",
            plug.name
        );
        open = rest;
        let name = plug.name.clone();
        // The same file may serve two dependencies: each is a package and an instance of its own.
        connect(&mut graph, parent, plug, &format!("dependency:d{at}"), &imports, has_environment)
            .with_context(|| format!("dependency {name:?}"))?;
    }
    let exports: Vec<_> = world(&graph, parent).exports.keys().cloned().collect();
    for name in exports {
        let export = graph.alias_instance_export(parent.1, &name)?;
        graph.export(export, &name)?;
    }
    graph.encode(EncodeOptions::default()).context("cannot encode the composition")
}

type Node = (WorldId, NodeId);

fn add(graph: &mut CompositionGraph, name: &str, bytes: Vec<u8>) -> Result<Node> {
    let package = Package::from_bytes(name, None, bytes, graph.types_mut())?;
    let world = package.ty();
    let package = graph.register_package(package)?;
    Ok((world, graph.instantiate(package)))
}

fn world(graph: &CompositionGraph, (world, _): Node) -> &World {
    &graph.types()[world]
}

fn connect(
    graph: &mut CompositionGraph,
    parent: Node,
    plug: Plug,
    package: &str,
    imports: &[String],
    has_environment: bool,
) -> Result<()> {
    let node = add(graph, package, plug.bytes)?;
    let needs = world(graph, node).imports.keys().map(String::as_str);
    capabilities::check(needs, &plug.inherit, has_environment)?;
    for import in imports {
        let name = plug.export.as_ref().unwrap_or(import);
        let export = world(graph, node).exports.get(name);
        let Some((export, wanted)) = export.zip(world(graph, parent).imports.get(import)) else {
            bail!("has no export {name:?} for the import {import:?}");
        };
        SubtypeChecker::new(&mut Default::default())
            .is_subtype(*export, graph.types(), *wanted, graph.types())
            .with_context(|| format!("its export {name:?} does not fit the import {import:?}"))?;
        let alias = graph.alias_instance_export(node.1, name)?;
        graph.set_instantiation_argument(parent.1, import, alias)?;
    }
    Ok(())
}

/// Whether the import is one the dependency's name stands for.
fn matches(name: &str, import: &str) -> bool {
    let (Some((package, interface, version)), Some(import)) = (split(name), split(import)) else {
        return name == import;
    };
    let fits = |wanted: Option<&str>, given| wanted.is_none() || wanted == given;
    package == import.0 && fits(interface, import.1) && fits(version, import.2)
}

/// `ns:pkg[/iface][@version]`
fn split(name: &str) -> Option<(&str, Option<&str>, Option<&str>)> {
    let (path, version) = name.split_once('@').map_or((name, None), |(path, version)| (path, Some(version)));
    let (package, interface) = path.split_once('/').map_or((path, None), |(package, i)| (package, Some(i)));
    package.contains(':').then_some((package, interface, version))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmtime::component::{Component, Linker};
    use wasmtime::{Engine, Store};

    /// Exports `run`, which asks two interfaces of one package.
    const PARENT: &str = r#"(component
        (import "test:pkg/api@1.0.0" (instance $api (export "answer" (func (result u32)))))
        (import "test:pkg/more@1.0.0" (instance $more (export "answer" (func (result u32)))))
        (alias export $api "answer" (func $a)) (core func $la (canon lower (func $a)))
        (alias export $more "answer" (func $b)) (core func $lb (canon lower (func $b)))
        (core module $m (import "" "a" (func $a (result i32))) (import "" "b" (func $b (result i32)))
          (func (export "run") (result i32) (i32.add (call $a) (call $b))))
        (core instance $i (instantiate $m (with "" (instance (export "a" (func $la)) (export "b" (func $lb))))))
        (func (export "run") (result u32) (canon lift (core func $i "run"))))"#;

    /// Counts its calls; `IMPORT` stands for what it imports. One instance answers 1, then 2.
    const PLUG: &str = r#"(component IMPORT
        (core module $m (global $g (mut i32) (i32.const 0)) (func (export "f") (result i32)
          (global.set $g (i32.add (global.get $g) (i32.const 1))) global.get $g))
        (core instance $i (instantiate $m))
        (func $f (result u32) (canon lift (core func $i "f")))
        (instance $api (export "answer" (func $f)))
        (export "test:pkg/api@1.0.0" (instance $api)) (export "test:pkg/more@1.0.0" (instance $api)))"#;

    fn plug(name: &str, import: &str, inherit: Inherit) -> Plug {
        let bytes = wat::parse_str(PLUG.replace("IMPORT", import)).unwrap();
        Plug { name: name.to_owned(), bytes, export: None, inherit }
    }

    fn compose_with(plugs: Vec<Plug>) -> Result<Vec<u8>> {
        compose("parent", wat::parse_str(PARENT).unwrap(), plugs, false)
    }

    fn run(composed: &[u8]) -> u32 {
        let engine = Engine::default();
        let component = Component::new(&engine, composed).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Linker::new(&engine).instantiate(&mut store, &component).unwrap();
        instance.get_typed_func::<(), (u32,)>(&mut store, "run").unwrap().call(&mut store, ()).unwrap().0
    }

    #[test]
    fn one_entry_is_one_instance_for_all_the_imports_it_matches() {
        let nothing = || Inherit::All(false);
        assert_eq!(run(&compose_with(vec![plug("test:pkg@1.0.0", "", nothing())]).unwrap()), 1 + 2);
        let two = ["test:pkg/api@1.0.0", "test:pkg/more"].map(|name| plug(name, "", nothing()));
        assert_eq!(run(&compose_with(two.into()).unwrap()), 1 + 1);
    }

    #[test]
    fn a_dependency_that_imports_what_it_does_not_inherit_is_refused() {
        let sqlite = r#"(import "spin:sqlite/sqlite@3.1.0" (instance))"#;
        let error = compose_with(vec![plug("test:pkg", sqlite, Inherit::All(false))]).unwrap_err();
        let error = format!("{error:#}");
        for part in ["test:pkg", "spin:sqlite/sqlite@3.1.0", "sqlite_databases"] {
            assert!(error.contains(part), "{error}");
        }
        let inherit = Inherit::Some(vec!["sqlite_databases".to_owned()]);
        assert!(compose_with(vec![plug("test:pkg", sqlite, inherit)]).is_ok());
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let missing = Plug { export: Some("x:y/z".to_owned()), ..plug("test:pkg", "", Inherit::All(false)) };
        let twice = ["test:pkg", "test:pkg/api"].map(|name| plug(name, "", Inherit::All(false))).into();
        for (plugs, part) in [
            (vec![plug("other:pkg", "", Inherit::All(false))], "other:pkg"),
            (vec![missing], "x:y/z"),
            (twice, "test:pkg/api"),
        ] {
            let error = format!("{:#}", compose_with(plugs).unwrap_err());
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn names_match_as_in_spin() {
        for (name, import, expected) in [
            ("a:b/c@1.0.0", "a:b/c@1.0.0", true),
            ("a:b/c", "a:b/c@1.0.0", true),
            ("a:b", "a:b/c", true),
            ("a:b@1.0.0", "a:b/c@1.0.0", true),
            ("plain", "plain", true),
            ("a:b/c@1.0.0", "a:b/c", false),
            ("a:b/c", "a:b/d@1.0.0", false),
            ("a:b", "a:x/c", false),
            ("plain", "a:b/plain", false),
        ] {
            assert_eq!(matches(name, import), expected, "{name} {import}");
        }
    }
}
