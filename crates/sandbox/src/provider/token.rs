//! The token endpoint: codes, refresh tokens and an application's own login against access tokens
//! (RFC 6749, sections 4.1.3, 6 and 4.4.2).

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;

use super::denial::Denial;
use super::login::{Login, Way};
use super::store::{APP_SCOPE, Code, Grant, MANY_TENANTS, SHORT_LIFE, Store};
use super::{Brand, assertion, device};
use crate::entropy;
use crate::form::Form;
use crate::wire::{Request, Response};

/// `POST /<provider>/token`
pub fn token(store: &mut Store, brand: Brand, tenant: &str, request: &Request) -> Response {
    if request.method != "POST" {
        return Response::new(405, "text/plain", "only POST\n").with("Allow", "POST");
    }
    match answer(store, brand, tenant, request) {
        Ok(response) => response,
        Err(denial) => {
            let response = denial.response(brand);
            match request.header("authorization") {
                "" => response,
                _ => response.with("WWW-Authenticate", "Basic realm=\"sandbox\""),
            }
        }
    }
}

fn answer(
    store: &mut Store,
    brand: Brand,
    tenant: &str,
    request: &Request,
) -> Result<Response, Denial> {
    let media_type = request
        .header("content-type")
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    let form = Form::parse(&request.body);
    if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded")
        || form.repeated().is_some()
    {
        return Err(Denial::Malformed);
    }
    if brand == Brand::Microsoft && store.tenant(tenant).is_none() {
        return Err(Denial::TenantUnknown);
    }
    if brand == Brand::Google && form.get("grant_type") == assertion::GRANT_TYPE {
        let scopes = assertion::mailbox(store, brand, &form)?;
        let answer = tokens(store, brand, &scopes);
        return Ok(handed_out(store, answer, None));
    }
    let client_id = match assertion::client(store, brand, &form)? {
        Some(client_id) => client_id,
        None => client_id(store, brand, &form, request)?,
    };
    match form.get("grant_type") {
        "authorization_code" => redeem(store, brand, tenant, &client_id, &form),
        "refresh_token" => refresh(store, brand, &client_id, &form),
        device::GRANT_TYPE if brand == Brand::Microsoft => {
            let grant = device::redeem(store, &client_id, &form)?;
            let answer = tokens(store, brand, &grant.scopes);
            let id = store.add_grant(grant);
            Ok(handed_out(store, answer, Some(id)))
        }
        "client_credentials" if brand == Brand::Microsoft => for_itself(store, tenant, &form),
        "" => Err(Denial::ParameterMissing("grant_type")),
        _ => Err(Denial::GrantTypeUnknown),
    }
}

/// The id of the client that has shown its secret, in the header or in the body but not in both
/// (RFC 6749, section 2.3.1), or that is known to have none.
fn client_id(
    store: &Store,
    brand: Brand,
    form: &Form,
    request: &Request,
) -> Result<String, Denial> {
    let (way, (id, secret)) = match request.header("authorization") {
        "" => (
            Way::Post,
            (
                form.get("client_id").to_owned(),
                form.get("client_secret").to_owned(),
            ),
        ),
        _ if !form.get("client_secret").is_empty() => return Err(Denial::Malformed),
        header => (Way::Basic, basic(header).ok_or(Denial::Malformed)?),
    };
    if id.is_empty() {
        return Err(Denial::ParameterMissing("client_id"));
    }
    let client = store.client(brand, &id).ok_or(Denial::ClientUnknown)?;
    if store.login_rule == Login::None {
        let is_public = way == Way::Post && secret.is_empty();
        return is_public.then_some(id).ok_or(Denial::SecretOfPublicClient);
    }
    if !store.login_rule.allows(way, form.get("grant_type")) {
        return Err(Denial::WayNotAllowed);
    }
    if secret.is_empty() {
        return Err(Denial::SecretMissing);
    }
    if !entropy::equal(&secret, &client.secret) {
        return Err(Denial::SecretWrong);
    }
    Ok(id)
}

/// Id and secret of a Basic header; both are form-encoded in it.
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    let form = |text: &str| {
        Form::parse(format!("v={text}").as_bytes())
            .get("v")
            .to_owned()
    };
    scheme
        .eq_ignore_ascii_case("basic")
        .then(|| (form(id), form(secret)))
}

fn redeem(
    store: &mut Store,
    brand: Brand,
    tenant: &str,
    client_id: &str,
    form: &Form,
) -> Result<Response, Denial> {
    let key = form.get("code").to_owned();
    if key.is_empty() {
        return Err(Denial::ParameterMissing("code"));
    }
    let age = store
        .codes
        .age(&key, store.now())
        .ok_or(Denial::CodeUnknown)?;
    let tenant = store.tenant(tenant);
    let code = store.codes.get(&key).ok_or(Denial::CodeUnknown)?;
    if let Some(grant) = code.spent_for {
        // somebody has the code twice: what it was redeemed for is no longer safe
        if let Some(grant) = store.grants.get_mut(&grant) {
            grant.revoked = true;
        }
        return Err(Denial::CodeSpent);
    }
    if age > SHORT_LIFE {
        return Err(Denial::CodeExpired);
    }
    if code.asked.brand != brand || code.asked.client_id != client_id {
        return Err(Denial::CodeOfOtherClient);
    }
    if brand == Brand::Microsoft && store.tenant(&code.asked.tenant) != tenant {
        return Err(Denial::CodeOfOtherTenant);
    }
    if store.login_rule == Login::None && code.asked.challenge.is_none() {
        return Err(Denial::VerifierMissing);
    }
    check_proof(code, form)?;

    let (scopes, refreshable) = (code.scopes.clone(), code.refreshable);
    let grant = Grant {
        client_id: client_id.into(),
        scopes,
        revoked: false,
        newest: None,
    };
    let answer = tokens(store, brand, &grant.scopes);
    let id = store.add_grant(grant);
    if let Some(code) = store.codes.get_mut(&key) {
        code.spent_for = Some(id);
    }
    Ok(handed_out(store, answer, refreshable.then_some(id)))
}

/// The redirect URI and the code verifier must be those of the authorization request.
fn check_proof(code: &Code, form: &Form) -> Result<(), Denial> {
    if form.get("redirect_uri") != code.asked.redirect_uri {
        return Err(Denial::RedirectUriDiffers);
    }
    match (&code.asked.challenge, form.get("code_verifier")) {
        (None, "") => Ok(()),
        // a verifier without a challenge: RFC 9700, section 2.1.1, against downgrades
        (None, _) => Err(Denial::VerifierWrong),
        (Some(_), "") => Err(Denial::VerifierMissing),
        (Some(challenge), verifier) if challenge.is_met_by(verifier) => Ok(()),
        (Some(_), _) => Err(Denial::VerifierWrong),
    }
}

fn refresh(
    store: &mut Store,
    brand: Brand,
    client_id: &str,
    form: &Form,
) -> Result<Response, Denial> {
    let shown = form.get("refresh_token").to_owned();
    if shown.is_empty() {
        return Err(Denial::ParameterMissing("refresh_token"));
    }
    let id = *store
        .refresh_tokens
        .get(&shown)
        .ok_or(Denial::TokenUnknown)?;
    let grant = store.grants.get_mut(&id).ok_or(Denial::TokenUnknown)?;
    if grant.client_id != client_id {
        return Err(Denial::TokenUnknown);
    }
    if brand.punishes_replay() && grant.newest.as_ref() != Some(&shown) {
        grant.revoked = true;
    }
    if grant.revoked {
        return Err(Denial::TokenRevoked);
    }
    let wanted: Vec<String> = form
        .get("scope")
        .split(' ')
        .filter(|scope| !scope.is_empty())
        .map(String::from)
        .collect();
    if wanted.iter().any(|scope| !grant.scopes.contains(scope)) {
        return Err(Denial::ScopeWider);
    }
    let scopes = if wanted.is_empty() {
        &grant.scopes
    } else {
        &wanted
    };
    let scopes = scopes.clone();
    let answer = tokens(store, brand, &scopes);
    Ok(handed_out(store, answer, brand.rotates().then_some(id)))
}

/// An application that acts for itself: no person, no refresh token, and no scope in the answer.
fn for_itself(store: &mut Store, tenant: &str, form: &Form) -> Result<Response, Denial> {
    if MANY_TENANTS.contains(&tenant) {
        return Err(Denial::TenantOfMany);
    }
    if form.get("scope") != APP_SCOPE {
        return Err(Denial::ScopeNotDefault);
    }
    let access_token = entropy::token::<96>();
    let now = store.now();
    store
        .access_tokens
        .insert(access_token.clone(), vec![APP_SCOPE.to_owned()], now);
    let life = store.access_life.as_secs();
    Ok(Response::json(
        200,
        &json!({
            "token_type": "Bearer",
            "expires_in": life,
            "ext_expires_in": life,
            "access_token": access_token,
        }),
    ))
}

/// An answer with a new access token; Microsoft's scope does not list `offline_access`.
fn tokens(store: &Store, brand: Brand, scopes: &[String]) -> serde_json::Value {
    let listed = |scope: &&String| brand != Brand::Microsoft || *scope != "offline_access";
    let scopes: Vec<&str> = scopes.iter().filter(listed).map(String::as_str).collect();
    json!({
        "access_token": access_token(store, brand),
        "token_type": "Bearer",
        "expires_in": store.access_life.as_secs(),
        "scope": scopes.join(" "),
    })
}

/// Microsoft's can be read, though nobody is meant to; Google's cannot.
fn access_token(store: &Store, brand: Brand) -> String {
    if brand != Brand::Microsoft {
        return entropy::token::<96>();
    }
    let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = part(json!({"typ": "JWT", "alg": "RS256"}));
    let claims = part(json!({"aud": "https://outlook.office.com", "upn": store.login}));
    format!("{head}.{claims}.{}", entropy::token::<96>())
}

/// Remembers the access token, and adds a new refresh token of the grant, if one is due.
fn handed_out(store: &mut Store, mut answer: serde_json::Value, grant: Option<u64>) -> Response {
    let scopes = answer["scope"].as_str().unwrap_or_default().split(' ');
    let scopes = scopes.map(String::from).collect();
    let access_token = answer["access_token"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let now = store.now();
    store.access_tokens.insert(access_token, scopes, now);
    if let Some(id) = grant {
        let token = entropy::token::<48>();
        if let Some(grant) = store.grants.get_mut(&id) {
            grant.newest = Some(token.clone());
        }
        store.refresh_tokens.insert(token.clone(), id, now);
        answer["refresh_token"] = token.into();
    }
    Response::json(200, &answer)
}
