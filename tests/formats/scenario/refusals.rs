//! What is wrong with a scenario is said in a sentence, with its place and with what to do.

use super::parse;

/// The place, the message and the hint.
fn refused(text: &str) -> String {
    let error = parse(text).expect_err(text);
    let place = format!("{}:{}", error.line, error.column);
    match error.hint {
        Some(hint) => format!("{place} {} ({hint})", error.message),
        None => format!("{place} {}", error.message),
    }
}

fn hold(cases: &[(String, &str)]) {
    for (text, said) in cases {
        let refusal = refused(text);
        assert!(
            refusal.contains(said),
            "{text}\nsays\n{refusal}\nand not\n{said}"
        );
    }
}

#[test]
fn an_error_names_file_line_and_column() {
    let error = parse("base = \"http://h\"\n\n  bse = 1\n").unwrap_err();
    assert_eq!(
        error.to_string(),
        "load/shop.toml:3:3: unknown key `bse` in the scenario"
    );
    assert_eq!(error.hint.as_deref(), Some("did you mean `base`?"));
}

#[test]
fn words_of_other_tools_are_answered_with_what_to_write() {
    let base = "base = \"http://h\"\n";
    let step = "[[step]]\nget=\"/\"\n";
    hold(&[
        (
            format!("{base}{step}[thresholds]\np95 = 500\n"),
            "unknown key `thresholds` in the scenario (a scenario says what is measured, and the gate what is too much: in perfgate.toml, [[rule]] subject",
        ),
        (
            format!("{base}{step}[load]\nusers = 2\nthresholds = {{}}\n"),
            "budget = \"500ms\"",
        ),
        (format!("vus = 5\n{base}{step}"), "stands in [load]"),
        (
            format!("{base}{step}[load]\nvus = 5\n"),
            "how many users there are at once is `users`",
        ),
        (
            format!("{base}{step}[load]\nstages = []\n"),
            "[[load.phase]]",
        ),
        (
            format!("{base}{step}check = \"x\"\n"),
            "what counts as a success is `expect`",
        ),
    ]);
}

#[test]
fn unknown_keys_are_refused_everywhere_with_the_nearest_one() {
    let base = "base = \"http://h\"\n";
    hold(&[
        (
            format!("{base}[load]\nrat = 5\n[[step]]\nget=\"/\"\n"),
            "3:1 unknown key `rat` in [load] (did you mean `rate`?)",
        ),
        (
            format!("{base}[[step]]\ngte = \"/\"\n"),
            "3:1 unknown key `gte` in [[step]] (did you mean `get`?)",
        ),
        (
            format!("{base}[[flow]]\n[[flow.step]]\nget=\"/\"\ncaptures={{}}\n"),
            "unknown key `captures` in [[flow.step]] (did you mean `capture`?)",
        ),
        (
            format!("{base}[[step]]\nget=\"/\"\nexpect={{stat=200}}\n"),
            "4:9 unknown key `stat` in `expect` (did you mean `status`?)",
        ),
        (
            format!("{base}[[step]]\nget=\"/\"\ncapture={{a={{jsn=\"$\"}}}}\n"),
            "unknown key `jsn` in `capture.a` (did you mean `json`?)",
        ),
        (
            format!("{base}values={{a={{ints=[1,2]}}}}\n"),
            "unknown key `ints` in `values.a` (did you mean `int`?)",
        ),
        (
            format!("{base}[[load.phase]]\nrat=1\n[[step]]\nget=\"/\"\n"),
            "unknown key `rat` in [[load.phase]]",
        ),
        (
            format!("{base}[[data]]\ncvs=\"a\"\n"),
            "unknown key `cvs` in [[data]] (did you mean `csv`?)",
        ),
        (
            format!("{base}auth={{baerer=\"x\"}}\n[[step]]\nget=\"/\"\n"),
            "unknown key `baerer` in [auth] (did you mean `bearer`?)",
        ),
    ]);
}

fn load(load: &str) -> String {
    format!("base = \"http://h\"\n[[step]]\nget = \"/\"\n[load]\n{load}\n")
}

#[test]
fn loads_that_are_impossible_or_two_things_at_once_are_refused() {
    hold(&[
        (load(""), "4:1 [load] has neither `users` nor `rate` (users = 50"),
        (load("users = 5"), "4:1 [load] says `users` and not for how long (add duration = \"30s\""),
        (load("rate = 5"), "[load] says `rate` and not for how long"),
        (load("users = 5\nrate = 5"), "6:8 `rate`: [load] has `users` and also `rate`, which are two models"),
        (load("users = 5\n[[load.phase]]\nrate=1\nduration=\"1s\""), "phases have a rate, and `users` wait"),
        (load("rate = 5\n[[load.phase]]\nrate=1\nduration=\"1s\""), "each phase has its own `rate`"),
        (load("duration = \"5s\"\n[[load.phase]]\nrate=1\nduration=\"1s\""), "5:12 `duration` has no meaning with phases"),
        (load("users = 0\nduration=\"1s\""), "5:9 `users`: expected a whole number from 1 to 1000000"),
        (load("users = 1_000_001\nduration=\"1s\""), "expected a whole number from 1 to 1000000"),
        (load("users = []\nduration=\"1s\""), "expected one to 100 levels"),
        (load("users = [5, 10, 5]\nduration=\"1s\""), "5:17 `users`: 5 stands there twice"),
        (load("rate = [5, 5.0]\nduration=\"1s\""), "`rate`: 5 stands there twice"),
        (load("rate = 0\nduration=\"1s\""), "5:8 `rate`: nothing would be sent at a rate of 0"),
        (load("rate = -1\nduration=\"1s\""), "`rate`: expected a rate up to 1000000 a second"),
        (load("rate = nan\nduration=\"1s\""), "`rate`: expected a finite number"),
        (load("rate = \"5\"\nduration=\"1s\""), "`rate`: expected a number of requests a second, like 50 or \"50/s\""),
        (load("rate = \"0/s\"\nduration=\"1s\""), "nothing would be sent at a rate of 0"),
        (load("rate = 5\nduration=\"0s\""), "`duration`: it must be longer than nothing"),
        (load("rate = 5\nduration=\"1000h\""), "it is longer than 30 days"),
        (load("rate = 5\nduration=\"30\""), "`30` is not a duration; write it like `30s`"),
        (load("rate = 5\nthink=\"1s\"\nduration=\"1s\""), "`think` has no meaning with a rate"),
        (load("users = 5\narrivals=\"poisson\"\nduration=\"1s\""), "`arrivals` has no meaning with `users`"),
        (load("users = 5\nduration=\"1s\"\niterations=5"), "7:12 `duration` ends the load, and so does `iterations`"),
        (load("users = 5\niterations=0"), "`iterations`: expected a whole number from 1"),
        (load("users = 5\nspawn_rate=0\niterations=9"), "`spawn_rate`: nothing would be sent"),
        (load("users = 5\nthink=\"3s..1s\"\niterations=9"), "`3s..1s` ends before it begins"),
        (load("rate = 5\nduration=\"1s\"\nmax_users=0"), "`max_users`: expected a whole number from 1"),
        (load("rate = 5\nduration=\"1s\"\narrivals=\"even\""), "`even` is not one of \"constant\", \"poisson\""),
        (load("[[load.phase]]\nrate = [0, 0]\nduration=\"1s\""), "nothing would be sent at a rate of 0"),
        (load("[[load.phase]]\nrate = [1, 2, 3]\nduration=\"1s\""), "a first and a last one, like [10, 50]"),
        (load("[[load.phase]]\nrate = 5"), "5:1 [[load.phase]] has no `duration`"),
        (load("[[load.phase]]\nduration=\"1s\""), "[[load.phase]] has no `rate`"),
        (load("[[load.phase]]\nrate=1\nduration=\"1s\"\ncounted=false"), "no phase is counted"),
        (load("[[load.phase]]\nname=\"a\"\nrate=1\nduration=\"1s\"\n[[load.phase]]\nname=\"a\"\nrate=1\nduration=\"1s\""), "10:6 `name`: another phase has it already"),
        ("base = \"http://h\"\n[[step]]\nget = \"/\"\n".to_owned(), "there is no `load` (write [load] and below it users = 50"),
        ("base = \"http://h\"\nload = 5\n[[step]]\nget = \"/\"\n".to_owned(), "2:8 `load`: expected a table, found an integer"),
        (
            "base = \"http://h\"\n[[step]]\nget = \"/\"\n[[step]]\nget = \"/b\"\n[load]\nusers=1\nrequests=5\n".to_owned(),
            "`requests`: it is for flows of one step, and one here has 2 (write `iterations`",
        ),
    ]);
}

#[test]
fn stages_and_classes_that_are_impossible_are_refused() {
    let stage = |more: &str| {
        load(&format!(
            "{more}\n[[load.stage]]\nusers = 5\nduration = \"1s\"\n"
        ))
    };
    hold(&[
        (stage("users = 5"), "5:9 `users` has no meaning with stages"),
        (
            stage("duration = \"5s\""),
            "`duration` has no meaning with stages (each stage has its own `duration`)",
        ),
        (
            stage("max_users = 5"),
            "`max_users` has no meaning with stages",
        ),
        (
            load("[[load.stage]]\nusers = [1, 2, 3]\nduration = \"1s\""),
            "or how many first and last, like [0, 50]",
        ),
        (
            load("[[load.stage]]\nusers = 0\nduration = \"1s\""),
            "there is never a user",
        ),
        (
            load("[[load.stage]]\nusers = 5\nduration = \"1s\"\ncounted = false"),
            "no stage is counted",
        ),
        (load("[[load.stage]]\nusers = 5"), "`duration`"),
        (load("stages = []"), "[[load.stage]]"),
        (
            load("users = [1, 2]\nrequests = [5, 5]"),
            "5 stands there twice",
        ),
        (
            load(&format!(
                "users = {:?}\nrequests = {:?}",
                (1..=11).collect::<Vec<_>>(),
                (1..=10).collect::<Vec<_>>()
            )),
            "these are 110 levels, and more than 100 are a slip",
        ),
    ]);
    let classes = |classes: &str| {
        format!(
            "base = \"http://h\"\n[load]\nusers = 5\niterations = 9\nclass = {classes}\n\
             [[flow]]\nname = \"buy\"\nstep = [{{ get = \"/\" }}]\n\
             [[flow]]\nname = \"look\"\nstep = [{{ get = \"/\" }}]\n\
             [[flow]]\nname = \"never\"\nweight = 0\nstep = [{{ get = \"/\" }}]\n"
        )
    };
    hold(&[
        (
            classes("[{ flow = \"bu\" }, { flow = \"look\" }]"),
            "5:19 `flow`: there is no flow `bu` (did you mean `buy`?)",
        ),
        (
            classes("[{ flow = [\"buy\", \"buy\"] }, { flow = \"look\" }]"),
            "it stands there twice",
        ),
        (
            classes("[{ flow = \"buy\" }]"),
            "no class takes the flow `look` (name it in a class",
        ),
        (
            classes("[{ flow = \"never\" }, { flow = [\"buy\", \"look\"] }]"),
            "none of its flows is ever taken",
        ),
        (
            classes("[{ flow = [\"buy\", \"look\"], weight = 0 }]"),
            "every class has the weight 0",
        ),
        (classes("[{ weight = 1 }]"), "`flow`"),
        (
            load("rate = 5\nduration = \"1s\"\nclass = [{ flow = \"x\" }]"),
            "`class` has no meaning with a rate",
        ),
    ]);
}

fn step(step: &str) -> String {
    format!("base = \"http://h\"\n[[step]]\n{step}\n[load]\nusers = 1\niterations = 1\n")
}

#[test]
fn forms_with_files_that_cannot_be_sent_are_refused() {
    hold(&[
        (
            step("post = \"/\"\nmultipart = { a = { path = \"absent.png\" } }"),
            "4:28 `path`: read load",
        ),
        (
            step("post = \"/\"\nmultipart = { a = { path = \"body.bin\", type = \"png\" } }"),
            "it is no content type; write it like image/png",
        ),
        (
            step("post = \"/\"\nmultipart = { a = { file = \"body.bin\" } }"),
            "unknown key `file` in",
        ),
        (step("post = \"/\"\nmultipart = {}"), "there is no part"),
        (
            step("post = \"/\"\nmultipart = { a = \"{{b}}\" }"),
            "nothing provides `{{b}}` here",
        ),
        (
            step("post = \"/\"\nform = { a = 1 }\nmultipart = { a = 1 }"),
            "the step has `form` and also `multipart`",
        ),
        (
            step(
                "post = \"/\"\nheaders = { Content-Type = \"multipart/form-data\" }\nmultipart = { a = 1 }",
            ),
            "its content type has a boundary in it",
        ),
    ]);
}

#[test]
fn values_that_cannot_be_made_are_refused() {
    let value = |value: &str| step(&format!("get = \"/\"\n[values]\na = {{ {value} }}"));
    hold(&[
        (
            value("float = [0.5]"),
            "5:15 `float`: expected the lowest and the highest number, like [0.5, 99.5]",
        ),
        (value("float = [1.5, 1]"), "it ends before it begins"),
        (
            value("float = [1e3, 2e3]"),
            "expected a number with at most nine decimals",
        ),
        (
            value("float = [0.0, inf]"),
            "expected a number with at most nine decimals",
        ),
        (
            value("float = [\"a\", 1]"),
            "expected a number with at most nine decimals",
        ),
        (
            value("float = [0.000000001, 99999999999.0]"),
            "too large for so many decimals",
        ),
        (
            value("date = \"0h..30h\""),
            "a date is whole days from now, like 0d..30d",
        ),
        (
            value("date = \"tomorrow\""),
            "`tomorrow` is no time from now; write it like 0d..30d, or -1h",
        ),
        (value("time = \"2d..1d\""), "ends before it begins"),
        (
            value("list = { of = { int = [1, 2] }, length = [3, 1] }"),
            "or the least and the most, like [1, 3]",
        ),
        (
            value("list = { of = { int = [2, 1] }, length = 1 }"),
            "it ends at 1, before it begins at 2",
        ),
        (
            value("list = { of = { choice = [] }, length = 1 }"),
            "there is nothing to choose from",
        ),
        (value("list = { length = 1 }"), "`of`"),
        (value("object = {}"), "there is nothing in it"),
        (
            value("object = { b = { ints = [1, 2] } }"),
            "unknown key `ints`",
        ),
    ]);
}

#[test]
fn steps_that_cannot_be_sent_together_are_refused() {
    let two = |first: &str, second: &str| {
        step(&format!(
            "get = \"/a\"\n{first}\n[[step]]\nget = \"/b\"\ntogether = true\n{second}"
        ))
    };
    hold(&[
        (
            step("get = \"/\"\ntogether = true"),
            "2:1 there is no step before it that it could be sent together with",
        ),
        (
            two("repeat = 2", ""),
            "a step with `repeat` is not sent together with others",
        ),
        (
            two("", "when = { a = \"b\" }"),
            "a step with `when` is not sent together with others",
        ),
        (
            two("think = \"1s\"", ""),
            "4:9 `think`: the next step is sent at the same time",
        ),
        (
            two(
                "capture = { a = { json = \"$\" } }",
                "query = { a = \"{{a}}\" }",
            ),
            "nothing provides `{{a}}` here",
        ),
    ]);
}

#[test]
fn hosts_that_are_none_are_refused() {
    let scenario = |hosts: &str, step: &str| {
        format!(
            "base = \"http://h\"\n{hosts}\n[[step]]\nget = \"/\"\n{step}\n[load]\nusers = 1\niterations = 1\n"
        )
    };
    let hosts = "hosts = { login = \"http://a\", pictures = \"http://b\" }";
    hold(&[
        (
            scenario(hosts, "host = \"logn\""),
            "5:8 `host`: [hosts] has no `logn` (did you mean `login`?)",
        ),
        (
            scenario(hosts, "host = \"x\""),
            "[hosts] has no `x` (known are login, pictures)",
        ),
        (
            scenario("", "host = \"login\""),
            "[hosts] has no `login` (write [hosts] and below it login = \"http://127.0.0.1:9000\")",
        ),
        (
            scenario("hosts = { login = \"a\" }", ""),
            "2:19 `login`: `a` is no address; write it like http://127.0.0.1:8080",
        ),
        (
            scenario("hosts = { login = \"http://a?b=c\" }", ""),
            "a query belongs to a step",
        ),
        (
            scenario("hosts = { \"a b\" = \"http://a\" }", ""),
            "it is no name for a host",
        ),
    ]);
}

#[test]
fn steps_that_cannot_be_sent_are_refused() {
    hold(&[
        (
            step(""),
            "2:1 the step has no path (write it like get = \"/items\"",
        ),
        (
            step("get = \"items\""),
            "3:7 `get`: `items` does not begin with a slash",
        ),
        (
            step("get = \"http://other/x\""),
            "it is a whole address, and a path begins at `base`, or at the `host` of the step (name the other host in [hosts]",
        ),
        (step("get = \"/a#b\""), "what follows a # is never sent"),
        (step("get = \"/a\\nb\""), "a path is one line of text"),
        (
            step("get = \"/\"\npost = \"/\""),
            "4:8 the step has `get` and also `post` (a step is one request",
        ),
        (
            step("get = \"/\"\nmethod = \"PUT\""),
            "the step has `get` and also `method`",
        ),
        (step("method = \"PUT\""), "has no path"),
        (step("method = \"P UT\"\npath=\"/\""), "`P UT` is no method"),
        (
            step("post = \"/\"\njson={}\nbody=\"\""),
            "5:6 the step has `json` and also `body`",
        ),
        (
            step("post = \"/\"\njson=\"text\""),
            "`json`: expected a table or a list (write json = { name",
        ),
        (
            step("post = \"/\"\njson={a=nan}"),
            "4:9 `a`: expected a finite number",
        ),
        (
            step("get = \"/\"\ngraphql={query=\"{a}\"}"),
            "`graphql` is sent by POST, not by GET",
        ),
        (step("post = \"/\"\ngraphql={}"), "`graphql` has no `query`"),
        (
            step("post = \"/\"\nbody_file=\"absent.bin\""),
            "`body_file`: read load/absent.bin: ",
        ),
        (
            step("post = \"/\"\nform={a={b=1}}"),
            "`a`: expected a text, a number, true or false",
        ),
        (
            step("get = \"/\"\nheaders={\"a b\"=\"c\"}"),
            "`a b` is no name of a header",
        ),
        (
            step("get = \"/\"\nheaders={a=\"b\\r\\nc: d\"}"),
            "4:12 `a`: a header cannot hold line ends",
        ),
        (
            step("get = \"/\"\nheaders={a=\"b\", A=\"c\"}"),
            "it stands there twice",
        ),
        (
            step("get = \"/\"\nheaders={Content-Length=\"b\"}"),
            "the header `content-length` belongs to the connection",
        ),
        (
            step("get = \"/\"\nauth={user=\"b\"}"),
            "`auth`: expected `bearer`, or `user` and `password`",
        ),
        (
            step("get = \"/\"\nauth={bearer=\"a\"}\nheaders={authorization=\"b\"}"),
            "the step has `auth` and an `authorization` header",
        ),
        (
            step("get = \"/\"\nexpect={status=99}"),
            "`status`: expected a whole number from 100 to 599",
        ),
        (
            step("get = \"/\"\nexpect={status=[]}"),
            "no status would be a success",
        ),
        (
            step("get = \"/\"\nexpect={json={\"ok\"=true}}"),
            "`ok` is no JSON path",
        ),
        (
            step("get = \"/\"\nexpect={json={\"$.a\"=\"{{b}}\"}}"),
            "nothing provides `{{b}}` here",
        ),
        (
            step("get = \"/\"\nuntil={a=1}"),
            "`until`: it needs `repeat`",
        ),
        (step("get = \"/\"\nwhen={a=1}"), "nothing provides `a` here"),
        (
            step("get = \"/\"\nexpect={size=[9, 1]}"),
            "`size`: expected a number of bytes, or the least and the most",
        ),
        (
            step("get = \"/\"\nexpect={absent=\"error\"}"),
            "`error` is no JSON path",
        ),
        (
            step("get = \"/\"\nexpect={headers={\"x y\"=\"\"}}"),
            "cannot be the name of a header",
        ),
        (
            step("get = \"/\"\ncapture={a={json=\"$[\"}}"),
            "is no JSON path",
        ),
        (
            step("get = \"/\"\ncapture={a={regex='('}}"),
            "4:19 `regex`: `(` is no regular expression",
        ),
        (
            step("get = \"/\"\ncapture={a={header=\"x y\"}}"),
            "cannot be the name of a header",
        ),
        (
            step("get = \"/\"\ncapture={a={}}"),
            "`a`: expected a table of exactly one key (one of json, header, regex: id = {",
        ),
        (
            step("get = \"/\"\ncapture={\"a.b\"={json=\"$\"}}"),
            "it is no name for a value",
        ),
        (
            step("get = \"/\"\ntimeout=\"0s\""),
            "`timeout`: it must be longer than nothing",
        ),
        (
            step("get = \"/\"\nname=\"total\""),
            "`total` is a subject of perfgate's own",
        ),
        (step("get = \"/\"\nname=\"\""), "`name`: it is empty"),
        (
            step("get = \"/\"\nname=\"a\\nb\""),
            "a name is one line of text",
        ),
        (
            step("get = 5"),
            "`get`: expected a text in quotes, found an integer",
        ),
        (
            step("get = \"/\"\nmessages=[]"),
            "messages are for a step with `websocket`",
        ),
        (step("websocket = \"/\""), "there are no `messages`"),
        (
            step("websocket = \"/\"\nget=\"/\""),
            "the step has `websocket` and also `get`",
        ),
        (
            step("websocket = \"/\"\nmessages=[{send=\"x\"}]\nevents={}"),
            "the step has `websocket` and also `events`",
        ),
        (step("get = \"/\"\nevents={count=0}"), "`count`: "),
        (
            step("get = \"/\"\nevents={till=\"x\"}"),
            "unknown key `till` in `events` (known here: count, until, for)",
        ),
        (
            step("head = \"/\"\nevents={}"),
            "`events`: an answer to HEAD has none",
        ),
        (
            step("get = \"/\"\nevents={for=\"10s\"}"),
            "the timeout of the step is 10s, and comes before it (add a longer `timeout` to the step)",
        ),
        (step("get = \"/\"\nevents={until=\"{{end}}\"}"), "end"),
        (
            step("websocket = \"/\"\nmessages=[{}]"),
            "[[step.messages]] has no `send`",
        ),
        (
            step("websocket = \"/\"\nmessages=[{send=\"\", times=0}]"),
            "`times`: expected a whole number from 1",
        ),
    ]);
}

#[test]
fn placeholders_that_nothing_provides_are_named() {
    let values = "base = \"http://h\"\nvalues={page={int=[1,2]}}\ndata=[{name=\"user\",csv=\"users.csv\"}]\n";
    let end = "\n[load]\nusers = 1\niterations = 1\n";
    hold(&[
        (
            step("get = \"/{{id}}\""),
            "3:7 `get`: nothing provides `{{id}}` here (make it in [values]",
        ),
        (
            format!("{values}[[step]]\nget=\"/{{{{pgae}}}}\"{end}"),
            "nothing provides `{{pgae}}` here (did you mean `{{page}}`?)",
        ),
        (
            format!("{values}[[step]]\nget=\"/\"\nquery={{a=\"{{{{user.emial}}}}\"}}{end}"),
            "(did you mean `{{user.email}}`?)",
        ),
        (
            format!("{values}[[step]]\npost=\"/\"\njson={{a=[{{b=\"{{{{zzz:raw}}}}\"}}]}}{end}"),
            "nothing provides `{{zzz}}` here (known here: page, user.email, user.id)",
        ),
        (
            format!(
                "{values}[[step]]\nget=\"/{{{{id}}}}\"\n[[step]]\nget=\"/\"\ncapture={{id={{json=\"$\"}}}}{end}"
            ),
            "5:5 `get`: nothing provides `{{id}}` here (only a later step or another flow captures it",
        ),
        (
            format!(
                "{values}[[flow]]\n[[flow.step]]\nget=\"/\"\ncapture={{id={{json=\"$\"}}}}\n[[flow]]\n[[flow.step]]\nget=\"/{{{{id}}}}\"{end}"
            ),
            "only a later step or another flow captures it",
        ),
        (
            format!("{values}[[step]]\nget=\"/\"\ncapture={{page={{json=\"$\"}}}}{end}"),
            "`page`: [values] makes a `page` already",
        ),
        (step("get = \"/\"\nheaders={x=\"{{id\"}"), "`x`: "),
        (
            format!("headers={{x=\"{{{{id}}}}\"}}\n{}", step("get = \"/\"")),
            "1:12 `x`: nothing provides `{{id}}`",
        ),
    ]);
}

#[test]
fn values_data_and_variables_are_refused_where_they_give_nothing() {
    let top = |text: &str| format!("{text}\n{}", step("get = \"/\""));
    let data = |file: &str| top(&format!("data=[{{name=\"user\",csv=\"{file}\"}}]"));
    hold(&[
        (
            top("values={a={}}"),
            "`a`: expected a table of exactly one key (one of int, float, choice, text, uuid, counter, date, time, timestamp, list, object: page = {",
        ),
        (
            top("values={a={int=[5,1]}}"),
            "`int`: it ends at 1, before it begins at 5",
        ),
        (
            top("values={a={int=5}}"),
            "`int`: expected a list, found an integer",
        ),
        (
            top("values={a={choice=[]}}"),
            "there is nothing to choose from",
        ),
        (
            top("values={a={text=0}}"),
            "`text`: expected a whole number from 1",
        ),
        (top("values={a={uuid=false}}"), "`uuid`: expected true"),
        (
            top("values={\"a b\"={uuid=true}}"),
            "it is no name for a value",
        ),
        (data("absent.csv"), "`csv`: read load/absent.csv: "),
        (data("empty.csv"), "the file has no header"),
        (
            data("header.csv"),
            "1:24 `csv`: the file has a header and no rows",
        ),
        (
            data("ragged.csv"),
            "line 3 of the file has 1 fields, and its header 2",
        ),
        (data("twice.csv"), "the file has two columns `id`"),
        (
            data("unnamed.csv"),
            "the column `a b` cannot be named in a placeholder",
        ),
        (data("binary.csv"), "line 2 of the file is not UTF-8"),
        (top("data=[{csv=\"users.csv\"}]"), "[[data]] has no `name`"),
        (
            top("data=[{name=\"u\",csv=\"users.csv\"},{name=\"u\",csv=\"users.csv\"}]"),
            "two [[data]] of the name `u`",
        ),
        (
            step("get = \"/${ABSENT}\""),
            "`get`: the environment variable ABSENT is not set (set it, or give it a default",
        ),
        (
            top("auth={bearer=\"${ABSENT}\"}"),
            "1:14 `bearer`: the environment variable ABSENT is not set",
        ),
    ]);
}

#[test]
fn flows_that_are_never_taken_are_refused() {
    let end = "[load]\nusers = 1\niterations = 1\n";
    let base = "base = \"http://h\"\n";
    let flow = |text: &str| format!("[[flow]]\n{text}\n[[flow.step]]\nget=\"/\"\n");
    hold(&[
        (
            format!("{base}{end}"),
            "1:1 there is nothing to send: no [[step]] and no [[flow]]",
        ),
        (
            format!("{base}{end}[[flow]]\nname=\"a\"\n"),
            "5:1 the flow `a` has no steps",
        ),
        (
            format!("{base}{end}{}", flow("weight=0")),
            "every flow has the weight 0",
        ),
        (
            format!("{base}{end}{}", flow("weight=-1")),
            "`weight`: expected a weight from 0 on",
        ),
        (
            format!("{base}{end}{}{}", flow("name=\"a\""), flow("name=\"a\"")),
            "two flows of the name `a`",
        ),
        (
            format!("{base}{end}{}[[step]]\nget=\"/\"\n", flow("")),
            "there are [[flow]] and also [[step]]",
        ),
        (
            format!("{base}{end}[step]\nget=\"/\"\n"),
            "`step`: expected [[step]], found a table",
        ),
    ]);
}

#[test]
fn the_top_level_is_held_to_sense() {
    let with =
        |line: &str| format!("{line}\n[[step]]\nget = \"/\"\n[load]\nusers = 1\niterations = 1\n");
    let top = |line: &str| with(&format!("{line}\nbase = \"http://h\""));
    hold(&[
        (
            with(""),
            "there is no `base` (write where every path begins",
        ),
        (with("base = \"localhost:80\""), "1:8 `base`: "),
        (with("base = \"http://h?a=b\""), "a query belongs to a step"),
        (with("base = "), "1:"),
        (top("http = \"3\""), "`3` is not one of \"1.1\", \"2\""),
        (
            top("streams = 5"),
            "`streams`: HTTP/1.1 has one request at a time on a connection (add http = \"2\")",
        ),
        (
            top("threads = 0"),
            "`threads`: expected a whole number from 1 to 256",
        ),
        (
            top("redirects = 21"),
            "`redirects`: expected a whole number from 0 to 20",
        ),
        (top("timeout = \"0s\""), "it must be longer than nothing"),
        (
            top("cookies = 1"),
            "expected true or false, found an integer",
        ),
        (
            top("tls = { ca = \"absent.pem\" }"),
            "`ca`: read load/absent.pem",
        ),
        (
            top("tls = { ca = \"users.csv\" }"),
            "the file has no certificate",
        ),
        (
            top("tls = [\"ca.pem\", \"shop.test\"]"),
            "`tls`: expected a table, found an array",
        ),
        (
            top("data = [[\"user\", \"users.csv\"]]"),
            "`data`: expected a table, found an array",
        ),
        (
            top("values = { a = \"uuid\" }"),
            "`a`: expected a table, found a string",
        ),
        (
            top("seed = 99999999999999999999"),
            "`seed`: expected a whole number from 0",
        ),
        (top("service = {}"), "[service] has no `command`"),
        (
            top("service = { command = \"x\" }"),
            "[service] has no `ready` (write ready = { url",
        ),
        (
            top("service = { command = \"x\", ready = {} }"),
            "`service.ready` has no `url`",
        ),
        (
            top("service = { command = \"x\", ready = { url = \"health\" } }"),
            "is no address; write it like http://",
        ),
        (
            top("watch = {}"),
            "expected one of service, pid, process, cgroup, host, prometheus",
        ),
        (
            top("watch = { pid = 1, process = \"a\" }"),
            "expected one of service",
        ),
        (
            top("watch = { pid = 0 }"),
            "`pid`: expected a whole number from 1",
        ),
        (
            top("watch = { service = true }"),
            "there is no [service] that perfgate starts",
        ),
        (
            top("watch = { process = \"a\", metrics = [] }"),
            "metrics are chosen of a `prometheus` address",
        ),
        (
            top("watch = { prometheus = \"/m\" }"),
            "no `metrics` are chosen",
        ),
        (
            top(
                "watch = { prometheus = \"/m\", metrics = [{ name = \"a b\", better = \"lower\" }] }",
            ),
            "`a b` is no metric",
        ),
        (
            top("watch = { prometheus = \"/m\", metrics = [{ name = \"a\" }] }"),
            "[[watch.metrics]] has no `better` (better = \"lower\" or",
        ),
        (
            top("watch = [{ pid = 1 }, { pid = 2 }]"),
            "there is another subject `service` (give each",
        ),
        (
            top("watch = { pid = 1, name = \"GET /\" }"),
            "there is another subject `GET /`",
        ),
    ]);
}
