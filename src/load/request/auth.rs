//! The `authorization` header.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::headers::render;
use crate::load::http::{Failure, FailureKind};
use crate::load::scenario::Auth;
use crate::load::template::{Escape, Values};

pub(super) fn write(auth: &Auth, values: &Values, out: &mut String) -> Result<(), Failure> {
    match auth {
        Auth::Bearer(token) => {
            out.push_str("Bearer ");
            render(token, values, Escape::None, out)
        }
        Auth::Basic { user, password } => {
            let mut pair = String::new();
            render(user, values, Escape::None, &mut pair)?;
            // RFC 7617: the first colon ends the user.
            if pair.contains(':') {
                let what = "the user of basic auth holds a colon, which would begin the password";
                return Err(Failure::new(FailureKind::Check, what));
            }
            pair.push(':');
            render(password, values, Escape::None, &mut pair)?;
            out.push_str("Basic ");
            STANDARD.encode_string(pair, out);
            Ok(())
        }
    }
}

pub(super) fn is_fixed(auth: &Auth) -> bool {
    match auth {
        Auth::Bearer(token) => token.is_fixed(),
        Auth::Basic { user, password } => user.is_fixed() && password.is_fixed(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::template::Template;

    fn written(auth: &Auth) -> Result<String, Failure> {
        let mut values = Values::default();
        values.set("token", "mF_9.B5f-4.1JqM".to_owned());
        let mut out = String::new();
        write(auth, &values, &mut out).map(|()| out)
    }

    fn basic(user: &str, password: &str) -> Auth {
        Auth::Basic {
            user: Template::fixed(user),
            password: Template::fixed(password),
        }
    }

    #[test]
    fn the_examples_of_the_rfcs_are_written_as_they_stand_there() {
        // RFC 7617, 2 and 2.1; RFC 6750, 2.1.
        for (auth, expected) in [
            (
                basic("Aladdin", "open sesame"),
                "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            ),
            (basic("test", "123\u{a3}"), "Basic dGVzdDoxMjPCow=="),
            (
                Auth::Bearer(Template::parse("{{token}}").unwrap()),
                "Bearer mF_9.B5f-4.1JqM",
            ),
        ] {
            assert_eq!(written(&auth).unwrap(), expected);
        }
        assert_eq!(written(&basic("a", "b:c")).unwrap(), "Basic YTpiOmM=");
    }

    #[test]
    fn a_user_with_a_colon_is_refused_and_a_missing_token_named() {
        assert_eq!(
            written(&basic("a:b", "c")).unwrap_err().kind,
            FailureKind::Check
        );
        let auth = Auth::Bearer(Template::parse("{{jwt}}").unwrap());
        let failure = written(&auth).unwrap_err();
        assert_eq!(failure.to_string(), "capture: `{{jwt}}` has no value");
    }
}
