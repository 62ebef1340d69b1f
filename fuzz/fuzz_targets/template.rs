//! What a scenario writes inside its strings: templates, rendered with a value, and probes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use perfgate::load::template::{Escape, Extractor, Template, Values};

const ALL: [Escape; 5] = [
    Escape::None,
    Escape::Path,
    Escape::Query,
    Escape::Json,
    Escape::Form,
];

fuzz_target!(|input: (&str, &str)| {
    let (text, value) = input;
    let _ = (
        Extractor::json(text),
        Extractor::header(text),
        Extractor::regex(text),
    );
    let Ok(template) = Template::parse(text) else {
        return;
    };
    let mut values = Values::default();
    for name in template.names() {
        values.set(name, value.to_owned());
    }
    for escape in ALL {
        let mut out = String::new();
        let rendered = template.render(&values, escape, &mut out);
        assert_eq!(rendered, Ok(()));
        if matches!(escape, Escape::Path | Escape::Query) {
            assert!(out.bytes().all(|byte| byte.is_ascii_graphic()), "{out}");
        }
    }
});
