//! Reads exports: their policies, and of each the nodes of the version that is in use.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use crate::{ImportError, MAX_EXPORT};

/// The most journeys of an export.
const MAX_POLICIES: usize = 200;

/// The most nodes of a journey: more than a journey may have steps, since some have none.
const MAX_NODES: usize = 400;

/// States of versions that are not in use.
const UNUSED: [&str; 3] = ["disabled", "legacy", "obsolete"];

/// An exported journey.
pub(crate) struct Policy {
    pub(crate) file: String,
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) head: String,
    pub(crate) nodes: BTreeMap<String, Node>,
}

/// A node of an exported journey.
pub(crate) struct Node {
    pub(crate) id: String,
    pub(crate) kind: String,
    /// Its members, and those of its `action`.
    pub(crate) members: Map<String, Json>,
    pub(crate) links: Vec<Link>,
    /// The first node of a loop's body.
    pub(crate) body: Option<String>,
}

/// A link of a node.
pub(crate) struct Link {
    pub(crate) name: String,
    pub(crate) is_escape: bool,
    /// None: in the body of a loop, the next round.
    pub(crate) target: Option<String>,
    pub(crate) presentation: Option<String>,
    pub(crate) display_name: Option<String>,
    pub(crate) schema: Option<Json>,
}

impl Policy {
    /// A refusal of the whole journey.
    pub(crate) fn refusal(&self, reason: impl Into<String>) -> ImportError {
        let (file, journey) = (self.file.clone(), Some(self.name.clone()));
        ImportError { file, journey, node: None, reason: reason.into() }
    }

    /// A refusal of one node.
    pub(crate) fn refuse(&self, node: &Node, reason: impl Into<String>) -> ImportError {
        ImportError { node: Some((node.id.clone(), node.kind.clone())), ..self.refusal(reason) }
    }
}

impl Node {
    /// The source of the expression under a key; `None` if the key is absent or null. Another shape is
    /// refused: a journey without it would decide otherwise.
    pub(crate) fn expression(&self, key: &str) -> Result<Option<String>, String> {
        let Some(json) = self.members.get(key).filter(|json| !json.is_null()) else {
            return Ok(None);
        };
        let source = expression(json);
        source
            .map(Some)
            .ok_or_else(|| format!("its `{key}` is no text, number, boolean or expression"))
    }

    /// The text under a key, unless it is empty.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        text(&self.members, key).filter(|text| !text.is_empty())
    }

    /// The link of that name.
    pub(crate) fn link(&self, name: &str) -> Option<&Link> {
        self.links.iter().find(|link| link.name == name)
    }
}

/// The source of an expression, or of a plain value that stands for one.
pub(crate) fn expression(json: &Json) -> Option<String> {
    match json {
        Json::Object(object) if text(object, "type") == Some("expression") => {
            object.get("value").and_then(expression)
        }
        Json::String(source) => Some(source.clone()),
        Json::Bool(_) | Json::Number(_) => Some(json.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

fn text<'j>(object: &'j Map<String, Json>, key: &str) -> Option<&'j str> {
    object.get(key).and_then(Json::as_str)
}

/// Reads the policies of an export.
pub(crate) fn read(file: &str, source: &str) -> Result<Vec<Policy>, Vec<ImportError>> {
    let refuse = |reason: String| {
        let file = file.to_owned();
        vec![ImportError { file, journey: None, node: None, reason }]
    };
    if source.len() > MAX_EXPORT {
        return Err(refuse(format!("an export has at most {MAX_EXPORT} bytes")));
    }
    let json: Json = serde_json::from_str(source).map_err(|error| {
        // Does not quote the file; says where, and refuses what is nested too deep.
        refuse(format!("is no JSON: {error}"))
    })?;
    let Some(exports) = json.get("exports").and_then(Json::as_array) else {
        return Err(refuse("is no export: it has no list `exports`".to_owned()));
    };
    let is_policy = |entry: &&Json| entry.get("category").and_then(Json::as_str) == Some("policy");
    let policies: Vec<&Json> = exports.iter().filter(is_policy).collect();
    if !(1..=MAX_POLICIES).contains(&policies.len()) {
        return Err(refuse(format!("has no journey, or more than {MAX_POLICIES}")));
    }
    let (mut read, mut refusals) = (Vec::new(), Vec::new());
    for (at, entry) in policies.into_iter().enumerate() {
        match policy(file, entry) {
            Ok(policy) => read.push(policy),
            Err(reason) => refusals.extend(refuse(format!("its journey {}: {reason}", at + 1))),
        }
    }
    if refusals.is_empty() { Ok(read) } else { Err(refusals) }
}

fn policy(file: &str, entry: &Json) -> Result<Policy, String> {
    let data = entry.get("data").and_then(Json::as_object).ok_or("has no `data`")?;
    let id = text(data, "policy_id").ok_or("has no `policy_id`")?;
    let name = text(data, "name").unwrap_or(id);
    let workflow = version(data)?.get("workflow").ok_or("has no `workflow`")?;
    let head = workflow.get("head").and_then(Json::as_str).ok_or("its workflow has no `head`")?;
    let all =
        workflow.get("nodes").and_then(Json::as_object).ok_or("its workflow has no `nodes`")?;
    let mut nodes = BTreeMap::new();
    for (key, json) in all {
        add(&mut nodes, Some(key), json)?;
    }
    let (file, id) = (file.to_owned(), id.to_owned());
    Ok(Policy { file, id, name: name.to_owned(), head: head.to_owned(), nodes })
}

/// The version in production, or else the current one, or else the only one.
fn version(data: &Map<String, Json>) -> Result<&Map<String, Json>, String> {
    let versions = data.get("versions").and_then(Json::as_array).ok_or("has no `versions`")?;
    let used: Vec<_> = versions
        .iter()
        .filter_map(Json::as_object)
        .filter(|version| !text(version, "state").is_some_and(|it| UNUSED.contains(&it)))
        .collect();
    let of = |state| used.iter().find(|version| text(version, "state") == Some(state)).copied();
    let only = match used.as_slice() {
        [only] => Some(*only),
        _ => None,
    };
    let found = of("production").or_else(|| of("version")).or(only);
    found.ok_or_else(|| "has no version in the state `production`".to_owned())
}

/// Adds a node, and the first of a loop's body, which stands within the loop.
fn add(
    nodes: &mut BTreeMap<String, Node>,
    key: Option<&str>,
    json: &Json,
) -> Result<String, String> {
    let Some(object) = json.as_object() else { return Err("a node is no object".to_owned()) };
    let id = text(object, "id").or(key).ok_or("a node has no `id`")?.to_owned();
    let body = object.get("loop_body").filter(|body| !body.is_null());
    // No deeper than the JSON, which is bounded.
    let body = body.map(|body| add(nodes, None, body)).transpose()?;
    let mut members = object.clone();
    let mut kind = text(object, "type").unwrap_or("").to_owned();
    if let Some(action) = object.get("action").and_then(Json::as_object) {
        let older = action.get("metadata").and_then(|it| it.get("type")).and_then(Json::as_str);
        if kind == "action" {
            text(action, "type").or(older).unwrap_or("action").clone_into(&mut kind);
        }
        members.extend(action.clone());
    }
    members.remove("loop_body");
    let links = object.get("links").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    let links = links.iter().map(link).collect::<Option<_>>();
    let links = links.ok_or_else(|| format!("a link of the node {id:?} has no `name`"))?;
    if nodes.len() >= MAX_NODES {
        return Err(format!("has more than {MAX_NODES} nodes"));
    }
    let node = Node { id: id.clone(), kind, members, links, body };
    if nodes.insert(id.clone(), node).is_some() {
        return Err(format!("two nodes have the id {id:?}"));
    }
    Ok(id)
}

fn link(json: &Json) -> Option<Link> {
    let object = json.as_object()?;
    let owned = |key| text(object, key).filter(|text| !text.is_empty()).map(str::to_owned);
    Some(Link {
        name: owned("name")?,
        is_escape: text(object, "type") == Some("escape"),
        target: owned("target"),
        presentation: owned("presentation"),
        display_name: object.get("display_name").and_then(expression),
        schema: object.get("data_json_schema").filter(|it| !it.is_null()).cloned(),
    })
}
