//! Consents on another device (RFC 8628): codes, the page where a person enters one, and their end.

use std::time::Duration;

use serde_json::json;

use super::denial::Denial;
use super::store::{Device, Grant, SHORT_LIFE, Store};
use super::{Brand, page};
use crate::entropy;
use crate::form::Form;
use crate::wire::{Request, Response};

/// The grant type of section 3.4.
pub const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// What must lie between two questions, and what `slow_down` adds.
const INTERVAL: Duration = Duration::from_secs(2);
const SLOWER: Duration = Duration::from_secs(5);

/// `POST /microsoft/{tenant}/devicecode`
pub fn device_code(store: &mut Store, tenant: &str, request: &Request) -> Response {
    let form = Form::parse(&request.body);
    match begin(store, tenant, &form) {
        Ok(response) => response,
        Err(denial) => denial.response(Brand::Microsoft),
    }
}

fn begin(store: &mut Store, tenant: &str, form: &Form) -> Result<Response, Denial> {
    store.tenant(tenant).ok_or(Denial::TenantUnknown)?;
    let client_id = form.get("client_id").to_owned();
    store
        .client(Brand::Microsoft, &client_id)
        .ok_or(Denial::ClientUnknown)?;
    let scopes: Vec<String> = form
        .get("scope")
        .split_whitespace()
        .map(String::from)
        .collect();
    if scopes.is_empty() || scopes.iter().any(|scope| !Brand::Microsoft.knows(scope)) {
        return Err(Denial::ScopeWider);
    }
    let device_code = entropy::token::<48>();
    let user_code = entropy::uuid()
        .to_uppercase()
        .get(..8)
        .unwrap_or_default()
        .to_owned();
    let device = Device {
        client_id,
        scopes,
        user_code: user_code.clone(),
        decision: None,
        asked: None,
        interval: INTERVAL,
    };
    let now = store.now();
    store.devices.insert(device_code.clone(), device, now);
    Ok(Response::json(
        200,
        &json!({
            "device_code": device_code,
            "user_code": user_code,
            "verification_uri": format!("{}/device", store.url),
            "expires_in": SHORT_LIFE.as_secs(),
            "interval": INTERVAL.as_secs(),
            "message": format!("enter {user_code} at {}/device", store.url),
        }),
    ))
}

/// `GET` and `POST /device`: the person enters the code, logs in and decides.
pub fn device_page(store: &mut Store, request: &Request) -> Response {
    let form = Form::parse(&request.body);
    if request.method != "POST" {
        return page::device("");
    }
    let login_ok = entropy::equal(form.get("login"), &store.login)
        && entropy::equal(form.get("password"), &store.password);
    let code = form.get("user_code").trim().to_uppercase();
    let device = store
        .devices
        .values_mut()
        .find(|device| device.user_code == code);
    match device {
        Some(device) if login_ok => {
            device.decision = Some(form.get("decision") == "allow");
            page::device("Done: you can close this page.")
        }
        _ => page::device("The code, the login or the password is wrong."),
    }
}

/// The grant of a device code that a person has allowed; the code is spent.
pub fn redeem(store: &mut Store, client_id: &str, form: &Form) -> Result<Grant, Denial> {
    let key = form.get("device_code").to_owned();
    let now = store.now();
    let age = store.devices.age(&key, now).ok_or(Denial::DeviceUnknown)?;
    let device = store.devices.get_mut(&key).ok_or(Denial::DeviceUnknown)?;
    if device.client_id != client_id {
        return Err(Denial::DeviceUnknown);
    }
    if age > SHORT_LIFE {
        return Err(Denial::DeviceExpired);
    }
    let too_often = device
        .asked
        .is_some_and(|asked| now.saturating_sub(asked) < device.interval);
    device.asked = Some(now);
    match device.decision {
        _ if too_often => {
            device.interval += SLOWER;
            Err(Denial::DeviceTooOften)
        }
        None => Err(Denial::DevicePending),
        Some(false) => Err(Denial::DeviceDeclined),
        Some(true) => {
            let scopes = device.scopes.clone();
            store.devices.remove(&key);
            Ok(Grant {
                client_id: client_id.into(),
                scopes,
                revoked: false,
                newest: None,
            })
        }
    }
}
