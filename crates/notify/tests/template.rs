//! Templates through the public interface: which file counts, what helpers print, what is reported.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use notify::template::{Part, Problem, Templates, webhook};
use notify::{Error, FixedClock, Host};
use serde_json::{Value, json};

/// 2026-11-23 00:00:00 UTC, seen one hour further east.
const CLOCK: FixedClock = FixedClock {
    now: 1_795_392_000,
    offset: 3600,
};

/// Two template folders that vanish with the value.
struct Folders {
    root: PathBuf,
    templates: Templates,
}

impl Folders {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let root = std::env::temp_dir().join(format!("templates-{}-{number}", std::process::id()));
        for folder in ["admin", "vendor"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        let templates = Templates::new(root.join("admin"), root.join("vendor"));
        Self { root, templates }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.root.join(file)
    }

    fn put(&self, file: &str, text: impl AsRef<[u8]>) -> &Self {
        fs::write(self.path(file), text).unwrap();
        self
    }

    fn render(&self, part: Part, data: &Value) -> (Result<String, Error>, Vec<Problem>) {
        let mut problems = Vec::new();
        let text = self
            .templates
            .render("t", part, data, &CLOCK, &mut problems);
        (text, problems)
    }
}

impl Drop for Folders {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

/// Renders one file's worth of template, and what was reported.
fn rendered(part: Part, template: &str, data: &Value) -> (Result<String, Error>, Vec<String>) {
    let folders = Folders::new();
    let file = match part {
        Part::Subject => "vendor/t-subject.txt.hbs",
        Part::Text => "vendor/t-body.txt.hbs",
        Part::Html => "vendor/t-body.html.hbs",
    };
    folders.put(file, template);
    let (text, problems) = folders.render(part, data);
    (
        text,
        problems.into_iter().map(|problem| problem.reason).collect(),
    )
}

/// What a template without faults renders to.
fn good(part: Part, template: &str, data: &Value) -> String {
    let (text, problems) = rendered(part, template, data);
    assert_eq!(problems, Vec::<String>::new(), "{template}");
    text.unwrap()
}

/// Why a template cannot be used.
fn refused(template: &str, data: &Value) -> String {
    let (text, problems) = rendered(Part::Text, template, data);
    assert!(matches!(text, Err(Error::Template)), "{text:?}");
    let [problem] = &problems[..] else {
        panic!("{problems:?}")
    };
    problem.clone()
}

fn text(template: &str, data: &Value) -> String {
    good(Part::Text, template, data)
}

mod files {
    use super::*;

    #[test]
    fn the_admins_file_comes_before_the_vendors() {
        let folders = Folders::new();
        folders.put("vendor/t-body.txt.hbs", "vendor");
        assert_eq!(folders.render(Part::Text, &json!({})).0.unwrap(), "vendor");
        folders.put("admin/t-body.txt.hbs", "admin");
        assert_eq!(folders.render(Part::Text, &json!({})).0.unwrap(), "admin");
    }

    #[test]
    fn each_part_has_a_file_of_its_own() {
        let folders = Folders::new();
        folders
            .put("vendor/t-subject.txt.hbs", "subject")
            .put("admin/t-body.txt.hbs", "text")
            .put("vendor/t-body.html.hbs", "html");
        for (part, expected) in [
            (Part::Subject, "subject"),
            (Part::Text, "text"),
            (Part::Html, "html"),
        ] {
            let (text, problems) = folders.render(part, &json!({}));
            assert_eq!((text.unwrap().as_str(), problems), (expected, vec![]));
        }
    }

    #[test]
    fn html_falls_back_to_the_escaped_plain_text_of_either_folder() {
        let folders = Folders::new();
        folders.put("vendor/t-body.txt.hbs", "<vendor> {{v}}");
        let expected = |text: &str| format!("<html><body><pre>\n{text}</pre></body></html>");
        let data = json!({ "v": "a&b" });
        let (html, problems) = folders.render(Part::Html, &data);
        assert_eq!(
            (html.unwrap(), problems),
            (expected("&lt;vendor&gt; a&amp;b"), vec![])
        );
        folders.put("admin/t-body.txt.hbs", "<admin>");
        assert_eq!(
            folders.render(Part::Html, &data).0.unwrap(),
            expected("&lt;admin&gt;")
        );
        folders.put("vendor/t-body.html.hbs", "<b>html</b>");
        assert_eq!(folders.render(Part::Html, &data).0.unwrap(), "<b>html</b>");
    }

    #[test]
    fn a_plain_text_never_falls_back_to_html() {
        let folders = Folders::new();
        folders.put("vendor/t-body.html.hbs", "html");
        assert!(folders.render(Part::Text, &json!({})).0.is_err());
        assert!(folders.render(Part::Subject, &json!({})).0.is_err());
    }

    #[test]
    fn a_render_error_counts_as_missing_and_is_reported_with_its_file() {
        let folders = Folders::new();
        folders.put("vendor/t-body.txt.hbs", "vendor");
        for broken in [
            "{{#if}",
            "a\n{{#each x}}",
            "{{nosuchhelper 1}}",
            "{{> nosuchpartial}}",
        ] {
            folders.put("admin/t-body.txt.hbs", broken);
            let (text, problems) = folders.render(Part::Text, &json!({}));
            assert_eq!(text.unwrap(), "vendor");
            let [problem] = &problems[..] else {
                panic!("{problems:?}")
            };
            assert_eq!(problem.path, folders.path("admin/t-body.txt.hbs"));
            assert!(
                problem.to_string().contains("t-body.txt.hbs: "),
                "{problem}"
            );
        }
    }

    #[test]
    fn with_nothing_left_the_error_says_so() {
        let folders = Folders::new();
        for part in [Part::Subject, Part::Text, Part::Html] {
            let (text, problems) = folders.render(part, &json!({}));
            let error = text.unwrap_err();
            assert_eq!(
                error.to_string(),
                "failed to render notification template, all template candidates are erroneous or missing"
            );
            assert_eq!((error.code(), problems.len()), (500, 1));
            let told = problems[0].to_string();
            assert!(told.contains("vendor/t-"), "{told}");
            assert!(
                told.contains("there is no such file, nor one in "),
                "{told}"
            );
        }
        folders
            .put("admin/t-body.txt.hbs", "{{")
            .put("vendor/t-body.txt.hbs", "{{");
        let (text, problems) = folders.render(Part::Html, &json!({}));
        assert_eq!((text.is_err(), problems.len()), (true, 2));
    }

    #[test]
    fn a_name_cannot_lead_out_of_the_folders() {
        let folders = Folders::new();
        folders.put("secret-body.txt.hbs", "secret");
        for name in [
            "../secret",
            "",
            ".",
            "..",
            "a/b",
            "/etc/t",
            "a\0b",
            ".t",
            &"a".repeat(300),
        ] {
            let mut problems = Vec::new();
            let text =
                folders
                    .templates
                    .render(name, Part::Text, &json!({}), &CLOCK, &mut problems);
            assert!(text.is_err() && problems.len() == 1, "{name}: {text:?}");
        }
    }

    #[test]
    fn what_is_no_readable_plain_file_of_bounded_size_counts_as_missing() {
        let folders = Folders::new();
        folders.put("vendor/t-body.txt.hbs", "vendor");
        let path = folders.path("admin/t-body.txt.hbs");
        let expect = |reason: &str| {
            let (text, problems) = folders.render(Part::Text, &json!({}));
            assert_eq!(text.unwrap(), "vendor");
            assert_eq!(problems.len(), 1, "{reason}");
            assert!(problems[0].reason.contains(reason), "{problems:?}");
        };
        fs::create_dir(&path).unwrap();
        expect("not a plain file");
        fs::remove_dir(&path).unwrap();
        assert!(
            std::process::Command::new("mkfifo")
                .arg(&path)
                .status()
                .unwrap()
                .success()
        );
        expect("not a plain file");
        fs::remove_file(&path).unwrap();
        fs::write(&path, b"caf\xe9").unwrap();
        expect("not UTF-8");
        fs::write(&path, vec![b'a'; 1024 * 1024 + 1]).unwrap();
        expect("larger than 1 MiB");
        fs::write(&path, vec![b'a'; 1024 * 1024]).unwrap();
        assert_eq!(
            folders.render(Part::Text, &json!({})).0.unwrap().len(),
            1024 * 1024
        );
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(&path, &path).unwrap();
        expect("cannot open it");
    }

    #[test]
    fn a_changed_file_is_noticed_however_it_changed() {
        let folders = Folders::new();
        let file = folders.path("vendor/t-body.txt.hbs");
        let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let put = |text: &str, time: SystemTime| {
            fs::write(&file, text).unwrap();
            fs::File::options()
                .write(true)
                .open(&file)
                .unwrap()
                .set_modified(time)
                .unwrap();
        };
        let now = || folders.render(Part::Text, &json!({})).0.unwrap();
        put("one", old);
        assert_eq!((now(), now()), ("one".to_owned(), "one".to_owned()));
        put("four", old);
        assert_eq!(now(), "four");
        put("five", old + Duration::from_nanos(1000));
        assert_eq!(now(), "five");
        let other = folders.path("other");
        fs::write(&other, "more").unwrap();
        fs::File::options()
            .write(true)
            .open(&other)
            .unwrap()
            .set_modified(old + Duration::from_nanos(1000))
            .unwrap();
        fs::rename(&other, &file).unwrap();
        assert_eq!(now(), "more");
        fs::remove_file(&file).unwrap();
        assert!(folders.render(Part::Text, &json!({})).0.is_err());
    }

    #[test]
    fn two_changes_within_one_tick_of_the_file_system_are_noticed() {
        let folders = Folders::new();
        let file = folders.path("vendor/t-body.txt.hbs");
        let fresh = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_392_000);
        for text in ["one", "two", "six"] {
            fs::write(&file, text).unwrap();
            fs::File::options()
                .write(true)
                .open(&file)
                .unwrap()
                .set_modified(fresh)
                .unwrap();
            assert_eq!(folders.render(Part::Text, &json!({})).0.unwrap(), text);
        }
    }
}

mod language {
    use super::*;

    #[test]
    fn newlines_in_subjects_become_spaces_the_last_one_too() {
        let data = json!({ "a": "1\n2\r\n3\r4" });
        assert_eq!(good(Part::Subject, "{{a}}\nend\n", &data), "1 2 3 4 end ");
    }

    #[test]
    fn missing_values_are_empty() {
        assert_eq!(
            text(
                "[{{a}}{{b.c.d}}{{e.[0]}}{{#if f}}x{{/if}}{{#each g}}x{{/each}}]",
                &json!({ "b": 1 })
            ),
            "[]"
        );
        assert_eq!(text("[{{a}}]", &Value::Null), "[]");
        assert_eq!(text("[{{a}}]", &json!({ "a": null })), "[]");
    }

    #[test]
    fn only_html_bodies_escape() {
        let data = json!({ "a": "<b> & \"c\"" });
        assert_eq!(
            good(Part::Html, "{{a}}", &data),
            "&lt;b&gt; &amp; &quot;c&quot;"
        );
        assert_eq!(good(Part::Html, "{{{a}}}", &data), "<b> & \"c\"");
        for part in [Part::Subject, Part::Text] {
            assert_eq!(good(part, "{{a}}", &data), "<b> & \"c\"");
        }
    }

    #[test]
    fn the_blocks_of_handlebars_are_there() {
        let data = json!({ "list": [1, 2], "map": { "k": "v" }, "yes": true, "no": false });
        for (template, expected) in [
            ("{{#each list}}{{@index}}={{this}};{{/each}}", "0=1;1=2;"),
            ("{{#each map}}{{@key}}={{this}}{{/each}}", "k=v"),
            ("{{#if no}}a{{else if yes}}b{{else}}c{{/if}}", "b"),
            ("{{#unless no}}a{{/unless}}", "a"),
            ("{{#with map}}{{k}}{{/with}}", "v"),
            ("{{#if (eq map.k \"v\")}}a{{/if}}", "a"),
            ("{{lookup list 1}}", "2"),
            ("{{!-- {{no}} --}}\\{{raw}}", "{{raw}}"),
            (
                "{{#*inline \"p\"}}<{{this}}>{{/inline}}{{#each list}}{{> p}}{{/each}}",
                "<1><2>",
            ),
        ] {
            assert_eq!(text(template, &data), expected, "{template}");
        }
    }
}

mod helpers {
    use super::*;

    fn people() -> Value {
        json!({ "t": {
            "schema": { "columns": [
                { "label": "Name", "id": "name" },
                { "label": "Größe", "id": "size", "renderer": "human-bytes" },
                { "label": "Time", "id": "time", "renderer": "duration" },
                { "label": "When", "id": "when", "renderer": "timestamp" },
            ] },
            "data": [
                { "name": "äöü", "size": 1536, "time": 3725, "when": 0, "other": 1 },
                { "name": "<b>", "size": "2048", "time": "5" },
            ],
        } })
    }

    #[test]
    fn a_text_table_counts_width_in_bytes_and_pads_in_characters() {
        let expected = "\
Name      Größe      Time        When                   
äöü       1.5 KiB    1h 2m 5s    1970-01-01 01:00:00    
<b>       2 KiB      5s          null                   
";
        assert_eq!(text("{{table t}}", &people()), expected);
    }

    #[test]
    fn an_html_table_has_inline_borders_and_escapes() {
        let html = good(Part::Html, "{{table t}}", &people());
        assert!(
            html.starts_with("<table style=\"border: 1px solid"),
            "{html}"
        );
        assert_eq!(
            (
                html.matches("<th style=\"border:").count(),
                html.matches("<td style=\"border:").count()
            ),
            (4, 8)
        );
        assert!(
            html.contains(">&lt;b&gt;</td>") && html.contains(">null</td>"),
            "{html}"
        );
        assert_eq!(html.matches("<tr>").count(), 3);
    }

    #[test]
    fn a_missing_cell_prints_null_and_other_values_their_json() {
        let table = json!({ "t": {
            "schema": { "columns": [{ "label": "A", "id": "a" }] },
            "data": [{}, { "a": null }, { "a": true }, { "a": 1.5 }, { "a": [1, "x"] }],
        } });
        assert_eq!(
            text("{{table t}}", &table),
            "A          \nnull       \nnull       \ntrue       \n1.5        \n[1,\"x\"]    \n"
        );
    }

    #[test]
    fn a_table_without_rows_is_its_heading() {
        let table =
            json!({ "t": { "schema": { "columns": [{ "label": "A", "id": "a" }] }, "data": [] } });
        assert_eq!(text("{{table t}}", &table), "A    \n");
    }

    #[test]
    fn object_is_indented_json_and_preformatted_in_html() {
        let data = json!({ "o": { "a": [1], "b": "<" } });
        assert_eq!(
            text("{{object o}}", &data),
            "{\n  \"a\": [\n    1\n  ],\n  \"b\": \"<\"\n}"
        );
        let html = good(Part::Html, "{{object o}}", &data);
        assert!(
            html.starts_with("<pre>{") && html.ends_with("}</pre>") && html.contains("&lt;"),
            "{html}"
        );
    }

    #[test]
    fn human_bytes_are_iec_with_up_to_three_decimals() {
        for (size, expected) in [
            (json!(0), "0 B"),
            (json!(1), "1 B"),
            (json!(1000), "1000 B"),
            (json!(1023), "1023 B"),
            (json!(1024), "1 KiB"),
            (json!(1536), "1.5 KiB"),
            (json!(1_234_567), "1.177 MiB"),
            (json!("1536"), "1.5 KiB"),
            (json!(10 * 1024), "10 KiB"),
            (json!(34_359_738_368_u64), "32 GiB"),
            (json!(1_u64 << 40), "1 TiB"),
            (json!(1_u64 << 50), "1 PiB"),
            (json!(u64::MAX), "16 EiB"),
        ] {
            assert_eq!(text("{{human-bytes s}}", &json!({ "s": size })), expected);
        }
    }

    #[test]
    fn a_duration_is_hours_minutes_and_seconds() {
        for (seconds, expected) in [
            (json!(3725), "1h 2m 5s"),
            (json!("3725"), "1h 2m 5s"),
            (json!(0), "0s"),
            (json!(59), "59s"),
            (json!(60), "1m"),
            (json!(3601), "1h 1s"),
            (json!(90_061), "1d 1h 1m 1s"),
        ] {
            assert_eq!(text("{{duration s}}", &json!({ "s": seconds })), expected);
        }
    }

    #[test]
    fn a_timestamp_is_local_time() {
        for moment in [json!(1_795_392_000), json!("1795392000")] {
            assert_eq!(
                text("{{timestamp s}}", &json!({ "s": moment })),
                "2026-11-23 01:00:00"
            );
        }
        assert_eq!(
            text("{{timestamp s}}", &json!({ "s": -3601 })),
            "1969-12-31 23:59:59"
        );
    }

    #[test]
    fn a_relative_percentage_has_two_decimals_and_is_a_dash_for_a_whole_of_0() {
        for (part, whole, expected) in [
            (json!(1), json!(3), "33.33%"),
            (json!("1"), json!("4"), "25.00%"),
            (json!(0), json!(3), "0.00%"),
            (json!(3), json!(0), "-"),
            (json!(0), json!(0), "-"),
        ] {
            assert_eq!(
                text(
                    "{{relative-percentage a b}}",
                    &json!({ "a": part, "b": whole })
                ),
                expected
            );
        }
    }

    #[test]
    fn failure_renders_error_and_is_reported() {
        let data = json!({ "n": -1, "s": "abc", "big": 1e300, "l": [1], "f": 1.5, "t": {
            "schema": { "columns": [{ "label": "A", "id": "a", "renderer": "duration" }] },
            "data": [{ "a": "x" }],
        }, "u": { "schema": { "columns": [{ "label": "A", "id": "a", "renderer": "nope" }] }, "data": [] } });
        for template in [
            "{{human-bytes s}}",
            "{{human-bytes n}}",
            "{{human-bytes missing}}",
            "{{human-bytes}}",
            "{{duration n}}",
            "{{duration s}}",
            "{{duration l}}",
            "{{duration f}}",
            "{{timestamp big}}",
            "{{timestamp 9223372036854775807}}",
            "{{timestamp s}}",
            "{{relative-percentage s 1}}",
            "{{relative-percentage 1}}",
            "{{relative-percentage \"NaN\" 1}}",
            "{{table missing}}",
            "{{table s}}",
            "{{table t}}",
            "{{table u}}",
            "{{table}}",
            "{{object}}",
        ] {
            for part in [Part::Subject, Part::Text, Part::Html] {
                let (text, problems) = rendered(part, &format!("a {template} b"), &data);
                assert_eq!(text.unwrap(), "a ERROR b", "{template}");
                let name = template.trim_matches(['{', '}']).split(' ').next().unwrap();
                assert_eq!(problems.len(), 1, "{template}");
                assert!(
                    problems[0].starts_with(&format!("helper {name}: ")),
                    "{problems:?}"
                );
            }
        }
    }

    #[test]
    fn faults_in_a_loop_are_counted_out() {
        let (text, problems) = rendered(
            Part::Text,
            "{{#each l}}{{duration}}{{/each}}",
            &json!({ "l": vec![0; 1000] }),
        );
        assert_eq!((text.unwrap().len(), problems.len()), (5000, 20));
    }
}

mod webhooks {
    use super::*;

    fn hook(template: &str, data: &Value) -> webhook::Rendered {
        webhook::render(template, data, &CLOCK).unwrap()
    }

    #[test]
    fn a_webhook_sees_all_its_data_and_escapes_nothing() {
        let data = json!({
            "title": "<t>", "message": "a\n\"b\"", "severity": "info", "timestamp": 5,
            "fields": { "type": "vzdump" }, "secrets": { "key": "s&c" },
        });
        let template = "{{title}} {{message}} {{severity}} {{timestamp}} {{fields.type}} {{secrets.key}}{{fields.x}}";
        let rendered = hook(template, &data);
        assert_eq!(rendered.text, "<t> a\n\"b\" info 5 vzdump s&c");
        assert_eq!(rendered.faults, Vec::<String>::new());
    }

    #[test]
    fn url_encode_leaves_unreserved_characters_only() {
        let data = json!({ "v": "aZ0-._~ /?&=%ä\n", "n": 5 });
        assert_eq!(
            hook("{{url-encode v}}{{url-encode n}}{{url-encode x}}", &data).text,
            "aZ0-._~%20%2F%3F%26%3D%25%C3%A4%0A5"
        );
    }

    #[test]
    fn json_quotes_and_escape_does_not() {
        let data = json!({ "v": "a\"\n\\ä", "m": { "k": [1] } });
        assert_eq!(
            hook("{{json v}} {{json m}} {{json x}}", &data).text,
            "\"a\\\"\\n\\\\ä\" {\"k\":[1]} null"
        );
        assert_eq!(
            hook("\"{{escape v}}{{escape x}}\"", &data).text,
            "\"a\\\"\\n\\\\ä\""
        );
    }

    #[test]
    fn a_helper_that_fails_renders_error_and_a_broken_template_says_why() {
        let rendered = hook("a {{json}} b", &json!({}));
        assert_eq!(rendered.text, "a ERROR b");
        assert_eq!(rendered.faults, ["helper json: parameter 1 is missing"]);
        assert!(webhook::render("{{#if}", &json!({}), &CLOCK).is_err());
        assert!(webhook::render(&"a".repeat(1024 * 1024 + 1), &json!({}), &CLOCK).is_err());
    }
}

mod bounds {
    use super::*;

    /// Runs with the smallest stack that a caller's thread may have.
    fn on_a_small_stack(run: impl FnOnce() + Send + 'static) {
        std::thread::Builder::new()
            .stack_size(1024 * 1024)
            .spawn(run)
            .unwrap()
            .join()
            .unwrap();
    }

    #[test]
    fn output_is_bounded() {
        let data = json!({ "l": vec![0; 1000], "s": "x".repeat(100_000) });
        let reason = refused("{{#each l}}{{../s}}{{/each}}", &data);
        assert!(reason.contains("larger than 16 MiB"), "{reason}");
        let wide = json!({ "t": {
            "schema": { "columns": [{ "label": "x".repeat(100_000), "id": "a" }] },
            "data": vec![json!({}); 1000],
        } });
        let (text, problems) = rendered(Part::Text, "{{table t}}", &wide);
        assert_eq!(
            (text.unwrap().as_str(), problems),
            (
                "ERROR",
                vec!["helper table: the table is larger than 16 MiB".to_owned()]
            )
        );
    }

    #[test]
    fn a_wide_column_is_no_panic() {
        let wide = json!({ "t": {
            "schema": { "columns": [{ "label": "x".repeat(70_000), "id": "a" }] }, "data": [{}],
        } });
        assert_eq!(text("{{table t}}", &wide).len(), 2 * 70_005);
    }

    #[test]
    fn nesting_is_bounded_whatever_nests() {
        on_a_small_stack(|| {
            for depth in [65, 200, 5_000, 40_000] {
                let blocks = "{{#if a}}".repeat(depth) + &"{{/if}}".repeat(depth);
                let chain = "{{#if a}}".to_owned() + &"{{else if b}}".repeat(depth) + "{{/if}}";
                let parens = format!("{{{{eq {}1{}}}}}", "(eq ".repeat(depth), ")".repeat(depth));
                let lists = format!("{{{{eq {}{}}}}}", "[".repeat(depth), "]".repeat(depth));
                let inlines = "{{#*inline \"a\"}}".repeat(depth) + &"{{/inline}}".repeat(depth);
                let open = "{{#if a}}".repeat(depth);
                for template in [blocks, chain, parens, lists, inlines, open] {
                    let reason = refused(&template, &json!({}));
                    assert!(reason.len() < 4000, "{reason}");
                }
            }
        });
        // a thread of a daemon has more
        let fooled = |depth| "{{#if (eq \"{{/if}}\" 1)}}".repeat(depth) + &"{{/if}}".repeat(depth);
        let thread = std::thread::Builder::new().stack_size(8 * 1024 * 1024);
        let run = move || {
            (
                refused(&fooled(990), &json!({})),
                refused(&fooled(100_000 / 3), &json!({})),
            )
        };
        let reasons = thread.spawn(run).unwrap().join().unwrap();
        assert!(
            reasons.0.contains("deeper than 64") && reasons.1.contains("more than 1000"),
            "{reasons:?}"
        );
        let fine = "{{#if a}}".repeat(60) + "x" + &"{{/if}}".repeat(60);
        assert_eq!(text(&fine, &json!({ "a": true })), "x");
    }

    #[test]
    fn a_partial_that_includes_itself_is_refused() {
        for template in [
            "{{#*inline \"a\"}}{{> a}}{{/inline}}{{> a}}",
            "{{#*inline \"a\"}}{{> b}}{{/inline}}{{#*inline \"b\"}}{{#if x}}{{> a}}{{/if}}{{/inline}}{{> b}}",
            "{{#*inline \"a\"}}{{#*inline \"b\"}}{{> a}}{{/inline}}{{> b}}{{/inline}}{{> a}}",
        ] {
            assert!(
                refused(template, &json!({ "x": true })).contains("includes itself"),
                "{template}"
            );
        }
    }

    #[test]
    fn partials_cannot_multiply() {
        let mut doubling = String::new();
        for level in 0..40 {
            doubling += &format!(
                "{{{{#*inline \"p{level}\"}}}}{{{{> p{0}}}}}{{{{> p{0}}}}}{{{{/inline}}}}",
                level + 1
            );
        }
        assert!(refused(&(doubling + "{{> p0}}"), &json!({})).contains("more than 1000 times"));
        let twice = "{{#*inline \"d\"}}{{> @partial-block}}{{> @partial-block}}{{/inline}}";
        let nested = format!("{twice}{}x{}", "{{#> d}}".repeat(40), "{{/d}}".repeat(40));
        assert!(refused(&nested, &json!({})).contains("stands within another"));
        let computed = "{{#*inline \"a\"}}{{> (lookup this \"n\")}}{{/inline}}{{> a}}";
        assert!(refused(computed, &json!({ "n": "a" })).contains("must not be computed"));
        assert_eq!(
            text(&format!("{twice}{{{{#> d}}}}x{{{{/d}}}}"), &json!({})),
            "xx"
        );
    }

    #[test]
    fn random_templates_never_panic() {
        let pieces = [
            "{{",
            "}}",
            "{{{",
            "}}}",
            "{{#",
            "{{/",
            "{{>",
            "{{!--",
            "--}}",
            "#*inline",
            "\"p\"",
            "if ",
            "each ",
            "else",
            "a",
            "b.c",
            " ",
            "this",
            "@index",
            "../",
            "table ",
            "object ",
            "duration ",
            "human-bytes ",
            "timestamp ",
            "relative-percentage ",
            "1",
            "-1",
            "1e999",
            "(",
            ")",
            "[",
            "]",
            "|x|",
            " as ",
            "=",
            "~",
            "\\",
            "\n",
            "ä",
            "\u{0}",
            "\"",
            "'",
            "null",
            "true",
            "with ",
            "lookup ",
            "t",
        ];
        let data = json!({ "a": [1, "x", null], "b": { "c": { "d": 1 } }, "t": {
            "schema": { "columns": [{ "label": "A", "id": "a" }] }, "data": [{ "a": 1 }],
        } });
        let mut seed = 0x5eed_u64;
        let mut roll = |sides: usize| {
            seed ^= seed >> 12;
            seed ^= seed << 25;
            seed ^= seed >> 27;
            (seed.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % sides
        };
        let (mut fine, mut broken) = (0, 0);
        for round in 0..5_000 {
            let mut template = String::new();
            for _ in 0..=roll(4) {
                let inner: String = (0..roll(5)).map(|_| pieces[roll(pieces.len())]).collect();
                template += &match roll(4) {
                    0 => format!("{{{{{inner}}}}}"),
                    1 => format!("{{{{#if {inner}}}}}{inner}{{{{/if}}}}"),
                    2 => format!("{{{{#each a}}}}{{{{{inner}}}}}{{{{/each}}}}"),
                    _ => inner,
                };
            }
            match webhook::render(&template, &data, &CLOCK) {
                Ok(_) => fine += 1,
                Err(_) => broken += 1,
            }
            if round % 20 == 0 {
                let _ = rendered(Part::Html, &template, &data);
            }
        }
        assert!(fine > 500 && broken > 500, "{fine} fine, {broken} broken");
    }
}

#[test]
fn a_host_knows_its_template_folders() {
    let node = Host::pve();
    let admin = Path::new("/etc/pve/notification-templates/default");
    let vendor = Path::new("/usr/share/pve-manager/templates/default");
    assert_eq!(
        (node.admin_templates().as_path(), node.vendor_templates()),
        (admin, vendor)
    );
    let folders = Folders::new();
    let admin = folders.path("notification-templates/default");
    fs::create_dir_all(&admin).unwrap();
    let host = Host::standalone(&folders.root).with_vendor_templates(folders.path("vendor"));
    let render =
        || Templates::of_host(&host).render("t", Part::Text, &json!({}), &CLOCK, &mut vec![]);
    folders.put("vendor/t-body.txt.hbs", "vendor");
    assert_eq!(render().unwrap(), "vendor");
    fs::write(admin.join("t-body.txt.hbs"), "admin").unwrap();
    assert_eq!(render().unwrap(), "admin");
}

#[test]
fn both_folders_may_be_missing() {
    let templates = Templates::new(Path::new("/nonexistent/a"), Path::new("/dev/null/b"));
    let mut problems = Vec::new();
    assert!(
        templates
            .render("t", Part::Html, &json!({}), &CLOCK, &mut problems)
            .is_err()
    );
    let [problem] = &problems[..] else {
        panic!("{problems:?}")
    };
    assert!(
        problem
            .reason
            .starts_with("there is no such file, nor one in /nonexistent/a;")
    );
}
