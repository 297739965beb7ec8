//! The authorize endpoint and the pages behind it: login, consent, and the way back with a code.
//!
//! A request is checked and kept under a random id; the pages post to that id, and only the browser
//! that began may go on (its cookie is compared), so no other site can press the buttons.

use super::page::{self, Page};
use super::store::{Code, SHORT_LIFE, Store};
use super::{Brand, Client};
use crate::entropy;
use crate::form::{Form, with_fragment, with_query};
use crate::wire::{Request, Response};

const COOKIE: &str = "__Host-sandbox";

/// An authorization request that may be shown to the person.
#[derive(Clone)]
pub struct Asked {
    pub brand: Brand,
    /// The tenant in the path; empty where there are none.
    pub tenant: String,
    pub client_id: String,
    pub redirect_uri: String,
    pub scopes: Vec<String>,
    pub state: String,
    /// Whether the answer goes into the fragment, which no server sees.
    pub in_fragment: bool,
    pub challenge: Option<Challenge>,
    pub offline: bool,
    pub prompt: String,
    pub login_hint: String,
}

impl Asked {
    /// The way back to the client with its answer.
    fn back(&self, answer: &[(&str, &str)]) -> Response {
        let place = match self.in_fragment {
            true => with_fragment,
            false => with_query,
        };
        Response::redirect(302, &place(&self.redirect_uri, answer))
    }
}

/// The challenge of RFC 7636, section 4.3.
#[derive(Clone)]
pub struct Challenge {
    pub value: String,
    pub hashed: bool,
}

impl Challenge {
    pub fn is_met_by(&self, verifier: &str) -> bool {
        let made = if self.hashed {
            entropy::s256(verifier)
        } else {
            verifier.into()
        };
        entropy::equal(&made, &self.value)
    }
}

/// `GET /<provider>/authorize`
pub fn authorize(store: &mut Store, brand: Brand, tenant: &str, request: &Request) -> Response {
    let form = Form::parse(request.query.as_bytes());
    // before client and redirect URI are known to belong together nothing may be redirected
    let client = match trusted(store, brand, tenant, &form) {
        Ok(client) => client,
        Err(why) => return page::error(brand, &why),
    };
    let asked = match asked(client, tenant, &form) {
        Ok(asked) => asked,
        Err((error, why)) => {
            return back(&form, &[("error", error), ("error_description", &why)]);
        }
    };
    let now = store.now();
    let browser = match request.cookie(COOKIE) {
        Some(cookie) if store.browsers.get(&cookie.into()).is_some() => cookie.to_owned(),
        _ => {
            let cookie = entropy::token::<24>();
            store.browsers.insert(cookie.clone(), false, now);
            cookie
        }
    };
    let logged_in = store.browsers.get(&browser) == Some(&true);
    if asked.prompt.split(' ').any(|word| word == "none") {
        let error = if logged_in {
            "interaction_required"
        } else {
            "login_required"
        };
        return back(&form, &[("error", error)]);
    }
    if asked
        .prompt
        .split(' ')
        .any(|word| word == "login" || word == "select_account")
    {
        if let Some(logged_in) = store.browsers.get_mut(&browser) {
            *logged_in = false;
        }
    }
    let id = entropy::token::<24>();
    store
        .consents
        .insert(id.clone(), (browser.clone(), asked), now);
    Response::redirect(303, &format!("/consent/{id}")).with(
        "Set-Cookie",
        &format!("{COOKIE}={browser}; Path=/; Secure; HttpOnly; SameSite=Lax"),
    )
}

/// The client, if tenant, client id and redirect URI belong together.
fn trusted<'a>(
    store: &'a Store,
    brand: Brand,
    tenant: &str,
    form: &Form,
) -> Result<&'a Client, String> {
    if brand == Brand::Microsoft && store.tenant(tenant).is_none() {
        return Err(format!("AADSTS90002: Tenant '{tenant}' not found."));
    }
    let id = form.get("client_id");
    let client = store.client(brand, id).ok_or_else(|| match brand {
        Brand::Microsoft => format!("AADSTS700016: Application '{id}' was not found."),
        _ => "invalid_client: the client_id is not registered".into(),
    })?;
    if !client
        .redirect_uris
        .iter()
        .any(|uri| uri == form.get("redirect_uri"))
    {
        return Err(match brand {
            Brand::Microsoft => "AADSTS50011: The redirect URI is not registered.".into(),
            _ => "redirect_uri_mismatch: the redirect_uri is not registered".into(),
        });
    }
    Ok(client)
}

fn asked(client: &Client, tenant: &str, form: &Form) -> Result<Asked, (&'static str, String)> {
    let invalid = |why: &str| Err(("invalid_request", why.to_owned()));
    if let Some(name) = form.repeated() {
        return invalid(&format!("{name} comes more than once"));
    }
    if form.get("response_type") != "code" {
        return Err((
            "unsupported_response_type",
            "response_type must be code".into(),
        ));
    }
    let in_fragment = match (client.brand, form.get("response_mode")) {
        (_, "" | "query") => false,
        (Brand::Microsoft, "fragment") => true,
        (Brand::Microsoft, _) => return invalid("response_mode must be query or fragment"),
        _ => return invalid("response_mode must be query"),
    };
    let scopes: Vec<String> = form
        .get("scope")
        .split(' ')
        .filter(|s| !s.is_empty())
        .map(String::from)
        .collect();
    if let Some(unknown) = scopes.iter().find(|scope| !client.brand.knows(scope)) {
        return Err(("invalid_scope", format!("scope {unknown} is not known")));
    }
    if scopes.is_empty() {
        return Err(("invalid_scope", "scope is missing".into()));
    }
    let value = form.get("code_challenge").to_owned();
    let challenge = match (form.get("code_challenge_method"), value.is_empty()) {
        ("", true) => None,
        ("S256", false) => Some(Challenge {
            value,
            hashed: true,
        }),
        ("plain" | "", false) => Some(Challenge {
            value,
            hashed: false,
        }),
        (_, true) => return invalid("code_challenge is missing"),
        _ => return invalid("code_challenge_method must be S256 or plain"),
    };
    Ok(Asked {
        brand: client.brand,
        tenant: tenant.into(),
        client_id: client.id.clone(),
        redirect_uri: form.get("redirect_uri").into(),
        scopes,
        state: form.get("state").into(),
        in_fragment,
        challenge,
        offline: form.get("access_type") == "offline",
        prompt: form.get("prompt").into(),
        login_hint: form.get("login_hint").into(),
    })
}

/// `GET` and `POST /consent/<id>`
pub fn interaction(store: &mut Store, id: &str, request: &Request) -> Response {
    let id = id.to_owned();
    let now = store.now();
    let fresh = store
        .consents
        .age(&id, now)
        .is_some_and(|age| age <= SHORT_LIFE);
    let Some((browser, asked)) = store.consents.get(&id).filter(|_| fresh).cloned() else {
        return page::error(
            Brand::Strict,
            "this login is over: start again at the application",
        );
    };
    if !request
        .cookie(COOKIE)
        .is_some_and(|cookie| entropy::equal(cookie, &browser))
    {
        return page::error(asked.brand, "this login was begun in another browser");
    }
    let logged_in = store.browsers.get(&browser) == Some(&true);
    let form = Form::parse(&request.body);
    match (request.method.as_str(), logged_in) {
        ("GET", false) => page::login(
            Page {
                id: &id,
                asked: &asked,
            },
            "",
        ),
        ("POST", false) => {
            let login_ok = entropy::equal(form.get("login"), &store.login);
            if !(entropy::equal(form.get("password"), &store.password) && login_ok) {
                return page::login(
                    Page {
                        id: &id,
                        asked: &asked,
                    },
                    form.get("login"),
                );
            }
            if let Some(logged_in) = store.browsers.get_mut(&browser) {
                *logged_in = true;
            }
            Response::redirect(303, &format!("/consent/{id}"))
        }
        ("GET", true) if is_allowed_already(store, &asked) => {
            store.consents.remove(&id);
            let scopes = asked.scopes.clone();
            grant(store, asked, scopes)
        }
        ("GET", true) => page::consent(Page {
            id: &id,
            asked: &asked,
        }),
        (_, true) => {
            store.consents.remove(&id);
            if form.get("decision") != "allow" {
                return refused(&asked);
            }
            let ticked = form.all("scope");
            let scopes = asked
                .scopes
                .iter()
                .filter(|s| ticked.contains(s))
                .cloned()
                .collect();
            grant(store, asked, scopes)
        }
        _ => Response::new(405, "text/plain", "only GET and POST\n"),
    }
}

/// Google asks a person once for each client, unless the client wishes otherwise.
fn is_allowed_already(store: &Store, asked: &Asked) -> bool {
    asked.brand == Brand::Google
        && !asked.prompt.split(' ').any(|word| word == "consent")
        && store.allowed.contains(&asked.client_id)
}

fn refused(asked: &Asked) -> Response {
    let answer = [
        ("error", "access_denied"),
        ("error_description", "the person declined"),
        ("state", &asked.state),
    ];
    asked.back(&answer)
}

/// Makes the code and sends the browser back with it.
fn grant(store: &mut Store, asked: Asked, scopes: Vec<String>) -> Response {
    if scopes.is_empty() {
        return refused(&asked);
    }
    let first_time = store.allowed.insert(asked.client_id.clone());
    let consented = first_time || asked.prompt.split(' ').any(|word| word == "consent");
    let refreshable = match asked.brand {
        Brand::Google => asked.offline && consented,
        Brand::Microsoft | Brand::Strict => scopes.iter().any(|scope| scope == "offline_access"),
    };
    // the slash must survive the way through a URL and back into a form
    let (code, now) = (format!("4/{}", entropy::token::<32>()), store.now());
    let mut query = vec![("code", code.as_str())];
    if !asked.state.is_empty() {
        query.push(("state", &asked.state));
    }
    let joined = scopes.join(" ");
    if asked.brand == Brand::Google {
        query.push(("scope", &joined));
        query.push(("iss", &store.google));
    }
    let response = asked.back(&query);
    let record = Code {
        asked,
        scopes,
        refreshable,
        spent_for: None,
    };
    store.codes.insert(code, record, now);
    response
}

/// Back to the client with an error, before anything was kept.
fn back(form: &Form, parameters: &[(&str, &str)]) -> Response {
    let mut query = parameters.to_vec();
    if !form.get("state").is_empty() {
        query.push(("state", form.get("state")));
    }
    Response::redirect(302, &with_query(form.get("redirect_uri"), &query))
}
