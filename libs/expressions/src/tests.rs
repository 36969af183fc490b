//! What expressions mean, and what is none.

use std::collections::BTreeMap;

use clock::Timestamp;
use serde_json::{Value as Json, json};

use crate::Expression;
use crate::error::EvaluateError;
use crate::error::ParseError;
use crate::evaluate::{Purpose, Scope};
use crate::value::{Value, whole_text};

pub(crate) fn evaluate_for(source: &str, purpose: Purpose) -> Result<Value, EvaluateError> {
    let value = |json| Value::from_json(json).expect("small");
    let mut request = value(json!({
        "params": {"user": "ada", "n": 3, "list": [1, 2], "login": {}}, "headers": {}, "locale": "de"
    }));
    let mark = Value::secret(json!("123456"));
    if let Value::Object(request) = &mut request
        && let Some(Value::Object(params)) = request.get_mut("params")
    {
        params.insert("temp_code".to_owned(), mark.clone());
        params.insert("not_text".to_owned(), Value::secret(json!(123_456)));
    }
    let error = BTreeMap::from([
        ("code".to_owned(), Value::Guarded("locked".to_owned())),
        ("message".to_owned(), Value::Text("no".to_owned())),
    ]);
    let variables = BTreeMap::from([
        ("form".to_owned(), value(json!({"name": "Ada", "empty": null}))),
        ("auth_error".to_owned(), Value::Object(error)),
        ("secret".to_owned(), mark),
        ("long".to_owned(), Value::Text("x".repeat(60_000))),
    ]);
    let scope = Scope {
        variables: &variables,
        request: &request,
        device: &value(json!({"os": "x"})),
        user: &Value::Null,
        tokens: &Value::Null,
        now: Timestamp::from_unix_millis(1_767_225_600_000),
    };
    Expression::parse(source).expect(source).evaluate(&scope, purpose)
}

fn evaluate(source: &str) -> Result<Json, EvaluateError> {
    evaluate_for(source, Purpose::Output).map(|value| value.to_json())
}

#[test]
fn expressions_have_the_values_that_their_authors_expect() {
    for (source, expected) in [
        ("1 + 2 * 3 - 4 / 2 % 2", json!(7)),
        ("(1 + 2) * -3", json!(-9)),
        ("0.5 + 1e1", json!(10.5)),
        ("'a' + \"b\" + `c${1 + 1}${true}${null}`", json!("abc2truenull")),
        ("`a \\` b \\${x} ${`in ${'ner'}`}`", json!("a ` b ${x} in ner")),
        ("1 < 2 && 'a' <= 'b' || false", json!(true)),
        ("!(1 == '1') && null == null", json!(true)),
        ("[1, {a: 2}] == [1, {'a': 2}]", json!(true)),
        ("null ?? false ? 'x' : 'y'", json!("y")),
        ("true ? false ? 1 : 2 : 3", json!(2)),
        ("@policy.request().params.user", json!("ada")),
        ("@policy.request()[\"params\"][`user`]", json!("ada")),
        ("@policy.request().params.list[1]", json!(2)),
        ("@policy.request().params.list[7]", json!(null)),
        ("@policy.request().params.missing", json!(null)),
        ("@policy.request().params.missing?.deeper?.['x']", json!(null)),
        ("@policy.request().locale", json!("de")),
        ("@policy.device().os", json!("x")),
        ("@policy.userContext()", json!(null)),
        ("@policy.userTokens()?.id_token", json!(null)),
        ("@policy.isUserAuthenticated()", json!(false)),
        ("@time.now()", json!(1_767_225_600_000_i64)),
        ("form.name ?? 'x'", json!("Ada")),
        ("never_set ?? 'x'", json!("x")),
        ("{a: [1, 2], \"b\": null,}.a?.[0]", json!(1)),
        ("@std.len('äö') + @std.len([1]) + @std.len({})", json!(3)),
        ("@std.keys({b: 1, a: 2})", json!(["a", "b"])),
        (
            "@std.contains('abc', 'b') && @std.contains([1], 1) && @std.contains({a: 1}, 'a')",
            json!(true),
        ),
        ("@strings.upper('ä') + @strings.lower('A') + @strings.trim(' x ')", json!("Äax")),
        ("@strings.starts_with('ab', 'a') && @strings.ends_with('ab', 'b')", json!(true)),
        ("@strings.replace('aXa', 'X', '-')", json!("a-a")),
        ("@strings.join(@strings.split('a,b', ','), ';')", json!("a;b")),
        ("@strings.concat('a', 'b', 'c')", json!("abc")),
        ("@json.parse('{\"a\": [1]}').a[0]", json!(1)),
        ("@json.stringify({a: [1, null]})", json!("{\"a\":[1,null]}")),
        ("auth_error.message", json!("no")),
        ("@policy.request().params.temp_code != null", json!(true)),
        ("auth_error.code == null", json!(false)),
    ] {
        let source = source.replace(",}", "}");
        assert_eq!(evaluate(&source), Ok(expected), "{source}");
    }
}

#[test]
fn what_has_no_value_is_an_error_that_says_why() {
    use EvaluateError::{
        Argument, Index, MemberOfNull, NoMembers, NotFinite, NotJson, Operands, OutOfFuel, TooLarge,
    };
    let is_argument = |error| matches!(error, Argument { .. });
    for (source, expected) in [
        ("form.empty.x", MemberOfNull),
        ("never_set.x", MemberOfNull),
        ("form.name.x", NoMembers),
        ("form[1]", Index),
        ("1 / 0", Operands("numbers")),
        ("1 + 'a'", Operands("two numbers or two strings")),
        ("1 && true", Operands("true or false")),
        ("1 < 'a'", Operands("two numbers or two strings")),
        ("-'a'", Operands("a number")),
        ("1e308 * 10", NotFinite),
        ("1 / 0 * 1", NotFinite),
        ("@json.parse('{')", NotJson),
        ("long + long", TooLarge),
        ("@strings.replace(long, 'x', 'yyyyyyyyy')", TooLarge),
        ("@strings.join(@strings.split(long, 'x'), long)", TooLarge),
        (
            "`${long}${long}${long}${long}${long}${long}${long}${long}${long}${long}${long}`",
            OutOfFuel,
        ),
        (
            "@json.parse(`[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]`)",
            TooLarge,
        ),
    ] {
        let error = evaluate(source).expect_err(source);
        let is_finite = source == "1 / 0" && error == NotFinite;
        assert!(error == expected || is_finite, "{source}: {error}");
    }
    for source in ["@std.len(1)", "@strings.upper(1)", "@strings.split('a', '')", "@std.keys('a')"]
    {
        assert!(evaluate(source).is_err_and(is_argument), "{source}");
    }
}

#[test]
fn what_is_no_expression_is_refused_with_its_column() {
    for (source, column) in [
        ("", 1),
        ("1 +", 4),
        ("1 2", 3),
        ("(1", 3),
        ("'open", 1),
        ("`open", 2),
        ("`a${1", 6),
        ("a === b", 3),
        ("a => b", 3),
        ("1.2.3", 5),
        ("1x", 1),
        ("'\\q'", 2),
        ("@nobody.knows()", 1),
        ("1 + @std.unknown()", 5),
        ("@std.len()", 1),
        ("@std.len(1, 2)", 1),
        ("@std.len", 9),
        ("{a: 1, a: 2}", 8),
        ("a.b = 1", 5),
        ("ä", 1),
        ("a ? b", 6),
        ("for (;;) {}", 5),
        ("()=>1", 2),
        ("@policy.request().param.x", 19),
        ("1 + @policy.userTokens()?.acces_token", 27),
        ("@policy.userContext()['email']", 23),
    ] {
        let error = Expression::parse(source).expect_err(source);
        assert_eq!(error.column, column, "{source}: {error}");
    }
}

#[test]
fn nothing_nests_or_grows_without_bound() {
    let refused = |source: &str| -> ParseError { Expression::parse(source).expect_err("too much") };
    for source in [
        "(".repeat(2_000),
        "[".repeat(4_000),
        "!".repeat(4_000) + "a",
        "-".repeat(2) + &"!".repeat(4_000),
        format!("1{}", " + 1".repeat(900)),
        format!("a{}", ".a".repeat(2_000)),
        format!("a{}", "[0]".repeat(1_000)),
        "`${".repeat(1_300),
        "a?1:".repeat(1_000) + "1",
        "@std.len(".repeat(400),
        "{a:".repeat(1_300),
        "x".repeat(Expression::MAX_SOURCE + 1),
    ] {
        refused(&source);
    }
    assert!(Expression::parse(&format!("1{}", " + 1".repeat(60))).is_ok());
}

#[test]
fn a_secret_can_only_be_compared_with_null() {
    let code = "@policy.request().params.temp_code";
    for use_of in [
        "{}",
        "{} == '123456'",
        "'123456' == {}",
        "{} == {}",
        "{} != 1",
        "{} + ''",
        "`${{}}`",
        "[{}]",
        "{a: {}}",
        "{} ?? 'x'",
        "true ? {} : 1",
        "{} < 'a'",
        "!{}",
        "{}.x",
        "{}?.x",
        "{}[0]",
        "@std.len({})",
        "@strings.upper({})",
        "@strings.concat({})",
        "@json.stringify({})",
        "@std.contains({}, '1')",
        "@std.contains(['123456'], {})",
        "form[{}]",
    ] {
        let source = use_of.replace("{}", code).replace("${{@", "${@").replace("}}`", "}`");
        for purpose in [Purpose::Output, Purpose::Decision] {
            let error = evaluate_for(&source, purpose).map(|_| ()).expect_err(&source);
            assert_eq!(error, EvaluateError::Tainted, "{source}");
        }
    }
    for whole in [
        "@policy.request().params",
        "@policy.request()",
        "[@policy.request()]",
        "secret",
        "@json.stringify(@policy.request())",
        "@std.keys(@policy.request().params)",
        "@policy.request().params.not_text",
        "@policy.request().params.not_text == 123456",
    ] {
        assert_eq!(evaluate(whole), Err(EvaluateError::Tainted), "{whole}");
    }
}

#[test]
fn a_guarded_value_can_be_compared_in_a_decision_only() {
    let decide =
        |source: &str| evaluate_for(source, Purpose::Decision).map(|value| value.to_json());
    assert_eq!(decide("auth_error.code == 'locked'"), Ok(json!(true)));
    assert_eq!(decide("'disabled' != auth_error?.code"), Ok(json!(true)));
    for source in [
        "auth_error.code == auth_error.code",
        "auth_error.code",
        "`${auth_error.code}`",
        "auth_error",
        "@strings.starts_with(auth_error.code, 'l')",
        "auth_error.code < 'm'",
        "auth_error == form",
        "auth_error.code == `locked`",
    ] {
        assert_eq!(decide(source), Err(EvaluateError::Tainted), "{source}");
    }
    assert_eq!(evaluate("auth_error.code == 'locked'"), Err(EvaluateError::Tainted));
}

#[test]
fn no_value_prints_itself() {
    let value = Value::secret(json!("123456"));
    assert_eq!(format!("{value:?}"), "Value(a secret, [redacted])");
    assert_eq!(value.to_json(), Json::Null);
    assert!(!format!("{:?}", Value::Text("ada".to_owned())).contains("ada"));
}

#[test]
fn a_number_is_a_text_only_where_it_is_exact() {
    for (number, expected) in [
        (0.0, Some("0")),
        (123_456.0, Some("123456")),
        (9_007_199_254_740_991.0, Some("9007199254740991")),
        (9_007_199_254_740_992.0, None),
        (1e300, None),
        (0.5, None),
        (-1.0, None),
        (-0.0, None),
        (f64::INFINITY, None),
        (f64::NAN, None),
    ] {
        assert_eq!(whole_text(number).as_deref(), expected, "{number}");
    }
}
