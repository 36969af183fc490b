//! The keys of the step that each kind of node becomes.

use expressions::{Expression, Root};
use serde_json::{Map, Value as Json, json};

use super::{Converter, EXPIRED, Key, Notes};
use crate::conditions::{expression_of, parse};
use crate::export::Node;
use crate::kinds::Kind;
use crate::policy::{called, params_of};
use crate::texts;
use crate::variables::{Use, assignments, form_variable};
use crate::walk::Place;

impl<'p> Converter<'p, '_> {
    pub(super) fn authenticate(
        &self,
        place: &Place<'p>,
        keys: &mut Vec<Key>,
    ) -> Result<(), String> {
        let node = place.node;
        let code = match node.expression("temp_code")? {
            None => node.expression("temporary_access_code")?,
            code => code,
        };
        let code = parse("temp_code", &code.ok_or("it has no `temp_code`")?)?;
        let user = node.expression("user_identifier")?.ok_or("it has no `user_identifier`")?;
        let user = parse("user_identifier", &user)?;
        keys.push(("type", "temp_code_authentication".into()));
        keys.push(("external_user_id", user.to_string().into()));
        keys.push(("temp_code", code.to_string().into()));
        if let Some(name) = node.text("error_variable") {
            keys.push(("error_output", name.into()));
        }
        let known = [
            ("success_child", "success", true),
            ("failure", "failure", false),
            (EXPIRED, "expired", false),
        ];
        keys.push(("on", self.branches(place, &known)?.into()));
        Ok(())
    }

    pub(super) fn form(
        &self,
        place: &Place<'p>,
        keys: &mut Vec<Key>,
        notes: &mut Notes,
    ) -> Result<(), String> {
        let node = place.node;
        let variable = form_variable(node).ok_or("it has no `var_name`: no step reads the form")?;
        let fields = self.fields(node, variable);
        if fields.is_empty() {
            return Err(format!("no step reads a field of `{variable}`, and its schema has none"));
        }
        keys.push(("type", "collect_information".into()));
        keys.push(("form_id", node.text("form_id").unwrap_or(&node.kind).into()));
        keys.push(("fields", fields.into()));
        if let Some(source) = node.expression("app_data")?.filter(|it| !it.trim().is_empty()) {
            let parsed = parse("app_data", &source)?;
            keys.push(("app_data", texts::json(&parsed, self.variables, notes)));
        }
        keys.push(("output", variable.into()));
        let mut branches = Map::new();
        let mut escapes = Vec::new();
        for link in &node.links {
            let target = self.follow(place, link)?;
            let target = target.ok_or_else(|| format!("its link `{}` leads nowhere", link.name));
            if !link.is_escape {
                let branch = if link.name == "child" { "submit" } else { link.name.as_str() };
                branches.insert(branch.to_owned(), target?.into());
                continue;
            }
            let label = link.display_name.clone().unwrap_or_else(|| format!("{:?}", link.name));
            let label = texts::text("display_name", &label, self.variables, notes)?;
            let mut escape = json!({ "id": link.name, "display_name": label });
            if let (Some(schema), Some(members)) = (&link.schema, escape.as_object_mut()) {
                members.insert("schema".to_owned(), schema.clone());
            }
            escapes.push(escape);
            branches.insert(link.name.clone(), target?.into());
        }
        if !escapes.is_empty() {
            keys.push(("escapes", escapes.into()));
        }
        if !branches.contains_key("submit") {
            return Err("its link `child` leads nowhere".to_owned());
        }
        keys.push(("on", branches.into()));
        Ok(())
    }

    /// The fields that its schema names, and those that some step reads.
    fn fields(&self, node: &Node, variable: &str) -> Vec<String> {
        let schema = node.expression("form_schema").ok().flatten().unwrap_or_default();
        let schema = serde_json::from_str::<Json>(schema.trim().trim_matches('`')).ok();
        let items = schema.as_ref().and_then(Json::as_array).into_iter().flatten();
        let named = items.filter_map(|item| item.get("name")?.as_str());
        let mut fields = Vec::<String>::new();
        for field in named.chain(self.variables.fields(variable)) {
            if !fields.iter().any(|other| other == field) {
                fields.push(field.to_owned());
            }
        }
        fields
    }

    pub(super) fn condition(
        &self,
        place: &Place<'p>,
        keys: &mut Vec<Key>,
        notes: &mut Notes,
    ) -> Result<(), String> {
        let expression = match place.kind {
            Kind::Condition => expression_of(place.node)?,
            _ => parse("condition", "@policy.isUserAuthenticated()")?,
        };
        let expression = self.variables.adapt(&expression, Use::Decision, notes);
        keys.push(("type", "condition".into()));
        keys.push(("expression", expression.to_string().into()));
        let names = if place.node.link("success_child").is_some() {
            ["success_child", "failure"]
        } else {
            ["true", "false"]
        };
        let known = [
            (names[0], "true", true),
            (names[1], "false", true),
            ("otherwise", "otherwise", false),
        ];
        keys.push(("on", self.branches(place, &known)?.into()));
        Ok(())
    }

    pub(super) fn assignment(&self, node: &'p Node, notes: &mut Notes) -> Result<Vec<Key>, String> {
        let mut values = Map::new();
        for (name, _) in assignments(node).into_iter().flatten() {
            if self.variables.is_owned(name) {
                notes.insert(format!(
                    "only the form or the error sets `{name}`: its initial texts stand where it is read"
                ));
            }
        }
        for (name, source) in self.set(node) {
            let parsed = parse(name, &source)?;
            let reads = parsed.reads();
            let earlier = reads.iter().find_map(|read| match &read.path.root {
                Root::Variable(read) if values.contains_key(read) => Some(read),
                _ => None,
            });
            if let Some(earlier) = earlier {
                let rule = "all of them are set at once: set it in a node of its own";
                return Err(format!("`{name}` reads `{earlier}`, which the node sets too: {rule}"));
            }
            let adapted = self.variables.adapt(&parsed, Use::Output, notes);
            values.insert(name.to_owned(), adapted.to_string().into());
        }
        Ok(vec![("type", "set_variables".into()), ("variables", values.into())])
    }

    pub(super) fn repeat(
        &self,
        place: &Place<'p>,
        keys: &mut Vec<Key>,
        notes: &mut Notes,
    ) -> Result<(), String> {
        let node = place.node;
        let rounds = node.members.get("max_iterations").and_then(Json::as_u64);
        let rounds = rounds.ok_or("it has no `max_iterations`")?;
        let body = node.body.as_deref().ok_or("it has no `loop_body`")?;
        keys.push(("type", "loop".into()));
        if let Some(source) = node.expression("condition")? {
            let parsed = parse("condition", &source)?;
            let adapted = self.variables.adapt(&parsed, Use::Decision, notes);
            keys.push(("while", adapted.to_string().into()));
        }
        keys.push(("max_iterations", rounds.into()));
        keys.push(("body", self.resolve(body)?.into()));
        let mut branches = self.branches(place, &[("child", "done", true)])?;
        let done = branches.get("done").cloned().unwrap_or_default();
        branches.insert("exhausted".to_owned(), done);
        notes.insert("the export has one way on, for `done` and `exhausted`".to_owned());
        keys.push(("on", branches.into()));
        Ok(())
    }

    pub(super) fn data(&self, node: &Node, key: &str, notes: &mut Notes) -> Result<Json, String> {
        let source = node.expression(key)?.ok_or_else(|| format!("it has no `{key}`"))?;
        let parsed = parse(key, &source)?;
        let members =
            parsed.members().ok_or_else(|| format!("its `{key}` is no object in braces"))?;
        let mut member = |(key, value): (&str, Expression)| {
            let adapted = self.variables.adapt(&value, Use::Output, notes);
            (key.to_owned(), Json::String(adapted.to_string()))
        };
        Ok(Json::Object(members.into_iter().map(&mut member).collect()))
    }

    /// Its parameters are those of the same request.
    pub(super) fn run(&self, place: &Place<'p>, keys: &mut Vec<Key>) -> Result<(), String> {
        let node = place.node;
        let at = called(node, self.policies).ok_or("its journey is not among those imported")?;
        keys.push(("type", "sub_journey".into()));
        keys.push(("journey", self.ids[at].as_str().into()));
        let params = params_of(at, self.policies);
        if !params.is_empty() {
            let value = |name: &String| Json::String(format!("@policy.request().params.{name}"));
            let params = params.iter().map(|name| (name.clone(), value(name)));
            keys.push(("params", Json::Object(params.collect())));
        }
        if let Some(name) = node.text("output_var") {
            keys.push(("output", name.into()));
        }
        let known = [("child", "success", true), ("failure", "failure", false)];
        keys.push(("on", self.branches(place, &known)?.into()));
        Ok(())
    }
}
