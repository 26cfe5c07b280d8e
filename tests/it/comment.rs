//! The one comment on a pull request, against a server on this machine that misbehaves.

pub mod fake;
mod program;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cargo_perfgate::forge::{
    Commented, ForgeError, Github, Gitlab, Patience, PullRequest, Scheme, Server, Token, marker, put,
};
use serde_json::{Value, json};

use fake::{Fake, Hub, Reply};

const BOT: &str = "github-actions[bot]";
pub const TOKEN: &str = "ghs_doNotTellAnybody";

/// The pauses that were made.
type Pauses = Arc<Mutex<Vec<u64>>>;

fn server(fake: &Fake, scheme: Scheme, pauses: &Pauses) -> Server {
    let pauses = pauses.clone();
    let wait = Box::new(move |pause: Duration| pauses.lock().unwrap().push(pause.as_secs()));
    let patience = Patience { first: Duration::from_secs(2), most: Duration::from_secs(300), wait };
    Server::new(&fake.address, Token::new(TOKEN).unwrap(), scheme, patience).unwrap()
}

/// Puts a comment on pull request 7; gives the pauses, too.
fn comment(fake: &Fake, text: &str) -> (Result<Commented, ForgeError>, Vec<u64>) {
    let pauses = Pauses::default();
    let github = Github::new(server(fake, Scheme::Bearer, &pauses), "o/r").unwrap();
    let done = put(&github.conversation(7), &marker("check").unwrap(), text);
    let pauses = pauses.lock().unwrap().clone();
    (done, pauses)
}

fn marked(text: &str) -> String {
    format!("<!-- perfgate:check -->\n{text}")
}

fn error(fake: &Fake) -> String {
    let said = comment(fake, "text").0.unwrap_err().to_string();
    assert!(!said.contains(TOKEN), "{said}");
    said
}

#[test]
fn created_once_then_kept_up_to_date() {
    let hub = Hub::default();
    let kept = hub.clone();
    let fake = Fake::new(move |asked| kept.answer(asked, BOT));
    assert_eq!(comment(&fake, "slower").0.unwrap(), Commented::Created);
    assert_eq!(comment(&fake, "faster").0.unwrap(), Commented::Updated);
    assert_eq!(comment(&fake, "faster").0.unwrap(), Commented::Unchanged);
    assert_eq!(hub.of(BOT), [(101, marked("faster"))]);
    assert_eq!((fake.count("POST"), fake.count("PATCH")), (1, 1));
    assert!(fake.asked().iter().all(|asked| asked.header("authorization") == Some(&format!("Bearer {TOKEN}"))));
    assert!(fake.asked().iter().all(|asked| asked.path == "/user" || asked.path.starts_with("/repos/o/r/issues/")));
}

#[test]
fn ours_is_found_on_the_third_page_and_nobody_elses_is_touched() {
    let mut comments: Vec<(&str, String)> = (0..250).map(|i| ("somebody", format!("comment {i}"))).collect();
    comments[3] = ("mallory", marked("mine, too"));
    comments[4] = (BOT, format!("a quotation:\n{}", marked("old")));
    comments[5] = (BOT, "<!-- perfgate:other -->\nof another job".into());
    comments[230] = (BOT, "<!-- perfgate:check -->\r\nold".into());
    let hub = Hub::with(comments);
    let before = hub.comments();
    let kept = hub.clone();
    let fake = Fake::new(move |asked| kept.answer(asked, BOT));
    assert_eq!(comment(&fake, "new").0.unwrap(), Commented::Updated);
    let after = hub.comments();
    let changed: Vec<usize> = (0..250).filter(|i| before[*i] != after[*i]).collect();
    assert_eq!((after.len(), changed), (250, vec![230]));
    assert_eq!(after[230].2, marked("new"));
}

#[test]
fn a_busy_server_is_waited_for_as_it_asks() {
    let hub = Hub::with([(BOT, marked("old"))]);
    let kept = hub.clone();
    let mut busy = vec![
        Reply::With(503, vec![], Value::Null),
        Reply::With(403, vec![("X-RateLimit-Remaining", "0".into()), ("X-RateLimit-Reset", "12".into())], Value::Null),
        Reply::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n[".to_vec()),
        Reply::With(429, vec![("Retry-After", "30".into())], Value::Null),
        Reply::Json(403, json!({ "message": "You have exceeded a secondary rate limit." })),
    ];
    let fake = Fake::new(move |asked| match asked.method.as_str() {
        "PATCH" => busy.pop().unwrap_or_else(|| kept.answer(asked, BOT)),
        _ => kept.answer(asked, BOT),
    });
    let (done, pauses) = comment(&fake, "new");
    assert_eq!(done.unwrap(), Commented::Updated);
    // Its own, the server's, twice as long each time; a moment that is past is now.
    assert_eq!(pauses, [2, 30, 8, 0, 32]);
    assert_eq!(hub.of(BOT), [(101, marked("new"))]);
}

#[test]
fn nobody_waits_for_ever() {
    let fake = Fake::new(|_| Reply::With(429, vec![("Retry-After", "3600".into())], Value::Null));
    let (done, pauses) = comment(&fake, "text");
    let said = done.unwrap_err().to_string();
    assert!(said.contains("it answered 429; it asks for 3600 s of patience\nhelp: repeat it later"), "{said}");
    assert!(pauses.is_empty());
    let fake = Fake::new(|_| Reply::Json(500, Value::Null));
    let (done, pauses) = comment(&fake, "text");
    assert!(done.unwrap_err().to_string().contains("it answered 500, 6 times"));
    assert_eq!(pauses, [2, 4, 8, 16, 32]);
}

#[test]
fn what_was_written_though_the_server_broke_off_is_not_written_twice() {
    for broken in [true, false] {
        let hub = Hub::default();
        let kept = hub.clone();
        let mut first = true;
        let fake = Fake::new(move |asked| {
            let answer = kept.answer(asked, BOT);
            let breaks = asked.method == "POST" && std::mem::replace(&mut first, false);
            match breaks {
                true if broken => Reply::Raw(Vec::new()),
                true => Reply::Json(502, Value::Null),
                false => answer,
            }
        });
        assert_eq!(comment(&fake, "text").0.unwrap(), Commented::Unchanged);
        assert_eq!((hub.of(BOT).len(), fake.count("POST")), (1, 1), "{broken}");
    }
}

#[test]
fn jobs_at_once_leave_one_comment() {
    let hub = Hub::default();
    let kept = hub.clone();
    let fake = Arc::new(Fake::new(move |asked| kept.answer(asked, BOT)));
    let jobs: Vec<_> = (0..8)
        .map(|_| {
            let fake = fake.clone();
            std::thread::spawn(move || comment(&fake, "the same").0.unwrap())
        })
        .collect();
    for job in jobs {
        job.join().unwrap();
    }
    assert_eq!(hub.of(BOT), [(101, marked("the same"))]);
    // Those that were there before, too: the oldest stays.
    let hub = Hub::with([(BOT, marked("a")), ("other", marked("b")), (BOT, marked("c")), (BOT, marked("d"))]);
    let kept = hub.clone();
    let fake = Fake::new(move |asked| kept.answer(asked, BOT));
    assert_eq!(comment(&fake, "new").0.unwrap(), Commented::Updated);
    assert_eq!(hub.of(BOT), [(101, marked("new"))]);
    assert_eq!(hub.of("other"), [(102, marked("b"))]);
}

/// The token of an app of one's own may not ask who it is, either.
#[test]
fn an_apps_own_comment_is_found_again() {
    let hub = Hub::default();
    let kept = hub.clone();
    let fake = Fake::new(move |asked| kept.answer(asked, "our-app[bot]"));
    for text in ["one", "two", "three"] {
        comment(&fake, text).0.unwrap();
        assert_eq!(hub.of("our-app[bot]"), [(101, marked(text))]);
    }
}

#[test]
fn refusals_say_what_to_do() {
    let forbidden = json!({ "message": "Resource not accessible by integration" });
    let fake = Fake::new(move |asked| match asked.path.as_str() {
        "/user" => Reply::Json(403, forbidden.clone()),
        _ if asked.method == "GET" => Reply::Json(200, json!([])),
        _ => Reply::Json(403, forbidden.clone()),
    });
    let said = error(&fake);
    assert!(said.contains("could not write a comment at http://127.0.0.1:"), "{said}");
    assert!(said.contains("it answered 403: Resource not accessible by integration\nhelp: "), "{said}");
    assert!(said.contains("pull-requests: write"), "{said}");
    assert_eq!(fake.count("POST"), 1, "what is forbidden is not tried again");

    let fake = Fake::new(|_| Reply::Json(401, json!({ "message": format!("bad credentials: {TOKEN} \u{1b}[31m") })));
    let said = error(&fake);
    assert!(said.contains(r"bad credentials: *** \u{1b}[31m"), "{said}");
}

#[test]
fn garbage_is_named_and_bounded() {
    let whole = |body: &[u8]| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        [head.as_bytes(), body].concat()
    };
    let deep = "[".repeat(100_000);
    let wrong = json!({ "login": ["x"], "message": 7 }).to_string();
    for body in [&b"<html>"[..], b"\xff\xfe", b"{\"login\": 7}", deep.as_bytes(), wrong.as_bytes(), b""] {
        let bytes = whole(body);
        let said = error(&Fake::new(move |_| Reply::Raw(bytes.clone())));
        assert!(said.contains("the answer is not what this interface answers"), "{said}");
    }
    let huge = whole(&vec![b' '; 65 * 1024 * 1024]);
    let fake = Fake::new(move |_| Reply::Raw(huge.clone()));
    let said = error(&fake);
    assert!(said.contains("could not ask who comments"), "{said}");
    assert_eq!(fake.asked().len(), 1, "it would be no smaller the next time");
    // A list of what is no comment, and of pages without end.
    let full: Vec<Value> = (0..100).map(|i| json!({ "id": format!("{i}"), "body": 7 })).collect();
    let fake = Fake::new(move |asked| match asked.method.as_str() {
        "GET" if asked.path == "/user" => Reply::Json(404, Value::Null),
        "GET" => Reply::Json(200, full.clone().into()),
        _ => Reply::Json(201, json!({ "id": 5, "user": { "login": BOT }, "body": "" })),
    });
    assert_eq!(comment(&fake, "text").0.unwrap(), Commented::Created);
    assert_eq!(fake.count("GET"), 201);
}

#[test]
fn the_token_is_not_taken_elsewhere() {
    let other = Fake::new(|_| Reply::Json(200, json!({ "login": "x" })));
    let elsewhere = other.address.clone();
    let fake = Fake::new(move |_| Reply::With(307, vec![("Location", format!("{elsewhere}/user"))], Value::Null));
    let said = error(&fake);
    assert!(said.contains("it answered 307\nhelp: the token is not sent elsewhere"), "{said}");
    assert_eq!((fake.asked().len(), other.asked().len()), (1, 0));
    for address in ["file:///etc/passwd", "https://", "api.github.com", "https://user@host", "https:///x"] {
        let patience = Patience { first: Duration::ZERO, most: Duration::ZERO, wait: Box::new(|_| ()) };
        let refused = Server::new(address, Token::new(TOKEN).unwrap(), Scheme::Bearer, patience);
        assert!(refused.is_err(), "{address}");
    }
    for token in ["", " ", "a b", "a\nb", "ä"] {
        assert!(Token::new(token).is_none(), "{token:?}");
    }
    assert_eq!(format!("{:?}", Token::new(TOKEN)), "Some(Token(***))");
    for id in ["", "-->", "a b", "a--b", "a-", "ä", &"a".repeat(65)] {
        assert_eq!(marker(id), None, "{id}");
    }
}

#[test]
fn certificates_that_are_none_are_told() {
    let believing = |text: &str| {
        let patience = Patience { first: Duration::ZERO, most: Duration::ZERO, wait: Box::new(|_| ()) };
        let server = Server::new("https://git.example", Token::new(TOKEN).unwrap(), Scheme::Bearer, patience).unwrap();
        server.believing(text.as_bytes()).err().map(|e| e.to_string())
    };
    for text in ["", "no certificate\n", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"] {
        let said = believing(text).unwrap();
        assert!(
            said.starts_with("could not read the certificates at https://git.example: the file has none"),
            "{said}"
        );
    }
    let broken = "-----BEGIN CERTIFICATE-----\n@@@@\n-----END CERTIFICATE-----\n";
    assert!(believing(broken).unwrap().contains("\nhelp: see that SSL_CERT_FILE"));
    let one = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    assert_eq!(believing(one), None, "what it is worth is seen when the server is asked");
}

#[test]
fn gitlab_calls_it_a_note() {
    let hub = Hub::with([("project_1_bot", "old, without a marker".into())]);
    let kept = hub.clone();
    let fake = Fake::new(move |asked| match asked.path.as_str() {
        "/api/v4/user" => Reply::Json(200, json!({ "username": "project_1_bot" })),
        _ => kept.answer(asked, "project_1_bot"),
    });
    let pauses = Pauses::default();
    let wait = Box::new(|_| ());
    let patience = Patience { first: Duration::ZERO, most: Duration::ZERO, wait };
    let address = format!("{}/api/v4/", fake.address);
    let token = Token::new(TOKEN).unwrap();
    let gitlab = Gitlab::new(Server::new(&address, token, Scheme::PrivateToken, patience).unwrap(), 42);
    let say = |text: &str| put(&gitlab.conversation(3), &marker("check").unwrap(), text).unwrap();
    assert_eq!((say("one"), say("two")), (Commented::Created, Commented::Updated));
    assert_eq!(hub.of("project_1_bot")[1].1, marked("two"));
    assert!(fake.asked().iter().all(|asked| asked.header("private-token") == Some(TOKEN)));
    assert!(fake.asked().iter().all(|asked| asked.header("authorization").is_none()));
    let put = fake.asked().into_iter().find(|asked| asked.method == "PUT").unwrap();
    assert_eq!(put.path, "/api/v4/projects/42/merge_requests/3/notes/102");
    assert!(pauses.lock().unwrap().is_empty());
}

fn workflow_run(event: &str) -> Value {
    json!({ "workflow_run": {
        "event": event,
        "head_sha": "a".repeat(40),
        "head_branch": "topic&state=closed",
        "head_repository": { "full_name": "stranger/fork" },
        // Those of other repositories may stand here.
        "pull_requests": [{ "number": 1 }],
    }})
}

#[test]
fn the_pull_request_is_the_events() {
    let of = |name: &str, event: &Value| PullRequest::of_event(name, event);
    assert_eq!(of("pull_request", &json!({ "pull_request": { "number": 7 } })), Ok(PullRequest::Number(7)));
    for (name, event) in [
        ("pull_request", json!({ "pull_request": { "number": "7" } })),
        ("push", json!({})),
        ("workflow_run", json!({})),
        ("workflow_run", workflow_run("push")),
        ("workflow_run", json!({ "workflow_run": { "event": "pull_request", "head_repository": null } })),
    ] {
        assert!(of(name, &event).is_err(), "{name} {event}");
    }

    let pull = |number: u64, commit: &str, repository: Value| json!({ "number": number, "head": { "sha": commit.repeat(40), "repo": repository } });
    let fork = json!({ "full_name": "stranger/fork" });
    let find = |pulls: Value| {
        let fake = Fake::new(move |_| Reply::Json(200, pulls.clone()));
        let github = Github::new(server(&fake, Scheme::Bearer, &Pauses::default()), "o/r").unwrap();
        let found = github.number(&of("workflow_run", &workflow_run("pull_request")).unwrap());
        (found.map_err(|e| e.to_string()), fake.asked()[0].path.clone())
    };
    let (found, path) = find(json!([
        pull(4, "b", fork.clone()),
        pull(5, "a", json!({ "full_name": "stranger/other" })),
        pull(6, "a", Value::Null),
        pull(9, "a", fork.clone()),
    ]));
    assert_eq!(found, Ok(Ok(9)));
    assert_eq!(path, "/repos/o/r/pulls?state=open&per_page=100&head=stranger%3Atopic%26state%3Dclosed");
    let (none, _) = find(json!([pull(4, "b", fork.clone())]));
    assert!(none.unwrap().unwrap_err().starts_with("no open pull request"));
    let (two, _) = find(json!([pull(4, "a", fork.clone()), pull(5, "a", fork)]));
    assert!(two.unwrap().unwrap_err().starts_with("2 pull requests"));
    let (garbage, _) = find(json!({}));
    assert!(garbage.unwrap_err().contains("could not find the pull request"));
    for repository in ["o", "o/r/x", "../r", "o/", "/r", "o/r?x"] {
        let fake = Fake::new(|_| Reply::Json(200, json!([])));
        assert!(Github::new(server(&fake, Scheme::Bearer, &Pauses::default()), repository).is_none(), "{repository}");
    }
}
