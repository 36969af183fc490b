//! Moves an expression into another journey.

use std::collections::BTreeMap;

use crate::Expression;
use crate::ast::Node;
use crate::path::{Path, Root};

/// Renames the variables, and replaces the parameters by what the other journey gives for them.
pub(crate) fn embed(node: &mut Node, prefix: &str, params: &BTreeMap<String, Expression>) {
    match node {
        Node::Variable(name) => *name = format!("{prefix}.{name}"),
        Node::Member { base, key, is_optional: _ } if is_params(base) => {
            if let Some(given) = params.get(key) {
                *node = given.root.clone();
            }
        }
        _ => node.children_mut().into_iter().for_each(|child| embed(child, prefix, params)),
    }
}

fn is_params(node: &Node) -> bool {
    Path::from_node(node).is_some_and(|path| path.root == Root::Request && path.keys == ["params"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_renamed_and_parameters_replaced() {
        let parse = |source: &str| Expression::parse(source).expect("an expression");
        let root = Root::Variable("call.@sum".to_owned());
        let params = BTreeMap::from([
            ("user".to_owned(), parse("form.user")),
            ("sum".to_owned(), Expression::of(&Path { root, keys: Vec::new() })),
        ]);
        for (source, reads) in [
            ("@policy.request().params.user", &["form.user"][..]),
            ("@policy.request()['params']?.user.first == 'a'", &["form.user.first"]),
            ("form.user ?? `${@policy.request().params.sum}`", &["call.form.user", "call.@sum"]),
            ("[x, -y][z] ? !p : {a: q}", &["call.x", "call.y", "call.z", "call.p", "call.q"]),
            ("@policy.request().headers.user", &["@policy.request().headers.user"]),
            ("@policy.request().params == null", &["@policy.request().params"]),
        ] {
            let found = parse(source).embedded("call", &params).reads();
            let found: Vec<_> = found.into_iter().map(|read| read.path.to_string()).collect();
            assert_eq!(found, reads, "{source}");
        }
    }
}
