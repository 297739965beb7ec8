//! Templates through the public interface: which file counts, what helpers print, what is reported.

mod bounds;
mod files;
mod helpers;
mod language;
mod webhooks;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use notify::template::Error;
use notify::template::{Part, Problem, Templates, webhook};
use notify::{FixedClock, Host};
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
    assert!(matches!(text, Err(Error)), "{text:?}");
    let [problem] = &problems[..] else {
        panic!("{problems:?}")
    };
    problem.clone()
}

fn text(template: &str, data: &Value) -> String {
    good(Part::Text, template, data)
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
            .starts_with("the file does not exist, nor one in /nonexistent/a;")
    );
}
