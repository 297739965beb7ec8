//! The pages a person sees: plain HTML forms without scripts, fit for a phone.

use super::authorize::Asked;
use super::{Brand, Store};
use crate::wire::Response;

const STYLE: &str = "\
body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:2rem auto;padding:0 1rem;color:#222;\
background:#fff}label{display:block;margin:1rem 0}input:not([type=checkbox]){display:block;width:100%;\
box-sizing:border-box;font:inherit;padding:.5rem;border:1px solid #777;border-radius:.3rem}\
button{font:inherit;padding:.5rem 1.2rem;margin:0 .5rem .5rem 0;border:1px solid #555;\
border-radius:.3rem;background:#eee;color:#222}button.main{background:#1a56b0;border-color:#1a56b0;\
color:#fff}.note{color:#555;font-size:.9rem}.error{color:#a00000}code{overflow-wrap:anywhere}\
@media(prefers-color-scheme:dark){body{background:#1b1b1b;color:#eee}.note{color:#bbb}\
.error{color:#ff9a9a}input{background:#2a2a2a;color:#eee}}";

/// What a page of a consent under way needs to know.
pub struct Page<'a> {
    pub id: &'a str,
    pub asked: &'a Asked,
}

/// The login form; `tried` is the login that was refused, or empty.
pub fn login(page: Page, tried: &str) -> Response {
    let refused = if tried.is_empty() {
        String::new()
    } else {
        "<p class=error role=alert>The login or the password is wrong.</p>".into()
    };
    let hint = if tried.is_empty() {
        &page.asked.login_hint
    } else {
        tried
    };
    let status = if refused.is_empty() { 200 } else { 403 };
    let body = format!(
        "{refused}<form method=post action=\"/consent/{}\">\
         <label>Login <input name=\"login\" value=\"{}\" autocomplete=username required autofocus></label>\
         <label>Password <input name=\"password\" type=password autocomplete=current-password required></label>\
         <button class=main type=submit>Log in</button></form>",
        escape(page.id),
        escape(hint),
    );
    document(status, page.asked.brand, "Log in", &body)
}

/// The consent form; at Google each scope can be left out.
pub fn consent(page: Page) -> Response {
    let mut scopes = String::new();
    for scope in &page.asked.scopes {
        let scope = escape(scope);
        scopes += &match page.asked.brand {
            Brand::Google => format!(
                "<label><input type=checkbox name=\"scope\" value=\"{scope}\" checked> <code>{scope}</code></label>"
            ),
            _ => format!(
                "<p><input type=hidden name=\"scope\" value=\"{scope}\"><code>{scope}</code></p>"
            ),
        };
    }
    let body = format!(
        "<p>The application <code>{}</code> asks for:</p>\
         <form method=post action=\"/consent/{}\">{scopes}\
         <p class=note>It gets the answer at <code>{}</code></p>\
         <button class=main type=submit name=\"decision\" value=\"allow\">Allow</button>\
         <button type=submit name=\"decision\" value=\"deny\">Decline</button></form>",
        escape(&page.asked.client_id),
        escape(page.id),
        escape(&page.asked.redirect_uri),
    );
    document(200, page.asked.brand, "Allow access", &body)
}

/// The form for a code of another device; `said` is what came of the last one, or empty.
pub fn device(said: &str) -> Response {
    let said = match said {
        "" => String::new(),
        said => format!("<p role=status>{}</p>", escape(said)),
    };
    let body = format!(
        "{said}<form method=post action=\"/device\">\
         <label>Code <input name=\"user_code\" autocomplete=off required autofocus></label>\
         <label>Login <input name=\"login\" autocomplete=username required></label>\
         <label>Password <input name=\"password\" type=password autocomplete=current-password required></label>\
         <button class=main type=submit name=\"decision\" value=\"allow\">Allow</button>\
         <button type=submit name=\"decision\" value=\"deny\">Decline</button></form>"
    );
    document(200, Brand::Microsoft, "Enter the code", &body)
}

/// What is said where the browser cannot be sent back.
pub fn error(brand: Brand, why: &str) -> Response {
    document(
        400,
        brand,
        "Error",
        &format!("<p class=error>{}</p>", escape(why)),
    )
}

/// The page at the sandbox's own address.
pub fn index(store: &Store) -> Response {
    let mut body = String::from("<p>Applications registered here:</p><ul>");
    for client in &store.clients {
        let (key, id) = (client.brand.key(), escape(&client.id));
        body += &format!("<li>{key}: <code>{id}</code></li>");
    }
    body +=
        "</ul><p>Login, password and client secrets are in the file <code>sandbox.json</code>.</p>";
    document(200, Brand::Strict, "A local OAuth2 provider", &body)
}

fn document(status: u16, brand: Brand, title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>\
         <meta name=viewport content=\"width=device-width,initial-scale=1\"><style>{STYLE}</style>\
         <h1>{title}</h1>{body}<p class=note>A sandbox on this machine that speaks like the \
         {} provider. No account anywhere is involved.</p></html>\n",
        brand.title(),
    );
    Response::new(status, "text/html; charset=utf-8", html)
        .with("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'")
        .with("Referrer-Policy", "no-referrer")
        .with("X-Content-Type-Options", "nosniff")
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}
