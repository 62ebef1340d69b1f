//! What a template means, and what it refuses.

use super::{Escape, Template, Values};
use proptest::prelude::*;

fn values(pairs: &[(&str, &str)]) -> Values {
    let mut values = Values::default();
    for (name, value) in pairs {
        values.set(name, (*value).to_owned());
    }
    values
}

fn rendered(template: &str, escape: Escape, pairs: &[(&str, &str)]) -> String {
    let mut out = String::new();
    let template = Template::parse(template).unwrap();
    template.render(&values(pairs), escape, &mut out).unwrap();
    out
}

#[test]
fn places_are_filled_and_the_text_between_them_stays() {
    let pairs = [("id", "7"), ("user.first-name_1", "Ann"), ("größe", "xl")];
    for (template, expected) in [
        ("/items/{{id}}", "/items/7"),
        ("{{id}}{{id}}", "77"),
        (
            "{{ id }} of {{user.first-name_1}}, {{größe}}",
            "7 of Ann, xl",
        ),
        ("{{id:raw}}", "7"),
        ("{\"a\":{\"b\":1}} }} { {", "{\"a\":{\"b\":1}} }} { {"),
        ("", ""),
    ] {
        assert_eq!(rendered(template, Escape::None, &pairs), expected);
    }
}

#[test]
fn a_backslash_in_front_makes_braces_text() {
    let pairs = [("id", "7")];
    for (template, expected) in [
        (r"\{{id}}", "{{id}}"),
        (r"a\{{b}} {{id}}", "a{{b}} 7"),
        (r"\\{{id}}", r"\\7"),
        (r"\\\{{id}}", r"\\{{id}}"),
        (r"\{ \n", r"\{ \n"),
    ] {
        assert_eq!(
            rendered(template, Escape::None, &pairs),
            expected,
            "{template}"
        );
    }
    assert!(Template::parse(r"\{{id}}").unwrap().is_fixed());
}

#[test]
fn what_is_wrong_with_a_template_is_said_with_its_place() {
    for (template, error) in [
        ("/items/{{id", "`{{` at character 8 is never closed by `}}`"),
        ("/ü/{{id", "`{{` at character 4 is never closed by `}}`"),
        ("{\n \"a\": {{id", "line 2, character 7"),
        ("{{}}", "`{{}}` at character 1 names nothing"),
        ("{{ :raw}}", "names nothing"),
        ("{{a b}}", "`{{a b}}` at character 1 is no name"),
        ("{{a{{b}}", "`{{a{{b}}` at character 1 is no name"),
        (
            "x {{id:rwa}}",
            "`{{id:rwa}}` at character 3 has something other than `raw`",
        ),
        (
            "{{a\u{1b}[31m}}",
            "`{{a\\u{1b}[31m}}` at character 1 is no name",
        ),
    ] {
        let message = Template::parse(template).unwrap_err();
        assert!(message.contains(error), "{template}: {message}");
    }
}

#[test]
fn a_missing_value_is_named() {
    let template = Template::parse("/items/{{id}}").unwrap();
    let missing = template.render(&Values::default(), Escape::Path, &mut String::new());
    assert_eq!(missing.unwrap_err().to_string(), "`{{id}}` has no value");
}

#[test]
fn only_a_template_without_places_is_fixed() {
    assert_eq!(
        Template::parse("/items").unwrap().as_fixed(),
        Some("/items")
    );
    assert_eq!(Template::parse("").unwrap().as_fixed(), Some(""));
    assert_eq!(Template::fixed("{{id}}").as_fixed(), Some("{{id}}"));
    let template = Template::parse("{{a}}/{{b:raw}}/{{a}}").unwrap();
    assert!(!template.is_fixed());
    assert_eq!(template.names().collect::<Vec<_>>(), ["a", "b", "a"]);
}

#[test]
fn a_raw_value_that_is_all_of_a_json_string_loses_the_quotes() {
    let pairs = [("id", "7"), ("items", "[1,2]"), ("say", "a\"b")];
    for (template, expected) in [
        (r#"{"id":"{{id:raw}}"}"#, r#"{"id":7}"#),
        (r#"["{{id:raw}}","{{items:raw}}"]"#, "[7,[1,2]]"),
        (
            r#"{"id":"{{id}}","say":"{{say}}"}"#,
            r#"{"id":"7","say":"a\"b"}"#,
        ),
        (r#"{"id":{{id}}}"#, r#"{"id":7}"#),
        (r#""no. {{id:raw}}""#, r#""no. 7""#),
        (r#""{{id:raw}} items""#, r#""7 items""#),
        (r#""a \"{{id:raw}}\" b""#, r#""a \"7\" b""#),
        (r#""\\{{say}}""#, r#""\\a\"b""#),
    ] {
        assert_eq!(
            rendered(template, Escape::Json, &pairs),
            expected,
            "{template}"
        );
    }
    let plain = rendered(r#"say "{{id:raw}}""#, Escape::None, &pairs);
    assert_eq!(plain, r#"say "7""#);
}

#[test]
fn a_json_value_becomes_a_document_with_a_template_in_each_string() {
    let json = serde_json::json!({
        "a\"{{id}}": ["{{id:raw}}", "{{say}}", true, null, 1.5],
        "text": r#"\{{id}} \ "{{id:raw}}" {{id:raw}}"#,
    });
    let mut out = String::new();
    let template = Template::json(&json).unwrap();
    let pairs = [("id", "7"), ("say", "a\"b\n")];
    template
        .render(&values(&pairs), Escape::Json, &mut out)
        .unwrap();
    let read: serde_json::Value = serde_json::from_str(&out).unwrap();
    let expected = serde_json::json!({
        "a\"7": [7, "a\"b\n", true, null, 1.5],
        "text": r#"{{id}} \ "7" 7"#,
    });
    assert_eq!(read, expected);
    assert!(Template::json(&serde_json::json!({"a": ["{{"]})).is_err());
}

#[test]
fn values_are_escaped_for_where_they_go() {
    let pairs = [("v", "a/b c?\"é")];
    for (escape, expected) in [
        (Escape::None, "/x y/a/b c?\"é"),
        (Escape::Path, "/x%20y/a%2Fb%20c%3F%22%C3%A9"),
        (Escape::Query, "%2Fx%20y%2Fa%2Fb%20c%3F%22%C3%A9"),
        (Escape::Json, "/x y/a/b c?\\\"é"),
        (Escape::Form, "%2Fx+y%2Fa%2Fb+c%3F%22%C3%A9"),
    ] {
        assert_eq!(rendered("/x y/{{v}}", escape, &pairs), expected);
    }
    assert_eq!(
        rendered("/x/{{v:raw}}", Escape::Path, &pairs),
        "/x/a/b%20c?%22%C3%A9"
    );
}

proptest! {
    #[test]
    fn no_text_makes_parsing_fail_without_a_place(text in "[{}\\\\a:.\"raw\n ]{0,40}") {
        match Template::parse(&text) {
            Err(message) => prop_assert!(message.contains("character"), "{}", message),
            Ok(template) if !text.contains("{{") => {
                prop_assert_eq!(template.as_fixed(), Some(text.as_str()));
            }
            Ok(_) => {}
        }
    }

    #[test]
    fn any_json_document_is_read_back_with_the_values_in_it(
        key in "[a-z\"\\\\]{0,8}", text in any::<String>(), value in any::<String>(),
    ) {
        // No place but ours, and no backslash before it.
        let text = format!("{} ", text.replace('{', "{ "));
        let json = serde_json::json!({ key.as_str(): format!("{text}{{{{v}}}}") });
        let mut out = String::new();
        let pairs = [("v", value.as_str())];
        Template::json(&json).unwrap().render(&values(&pairs), Escape::Json, &mut out).unwrap();
        let read: serde_json::Value = serde_json::from_str(&out).unwrap();
        prop_assert_eq!(&read[key.as_str()], &serde_json::json!(format!("{text}{value}")));
    }
}
