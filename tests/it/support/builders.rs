//! What tests begin with, made the way people make it: through the API, or
//! through the service that only the command line reaches.

use corridor::domain::account::Role;
use corridor::domain::compliance::{Clearance, ClearanceVerdict};
use corridor::domain::ticket::TicketKind;
use corridor::services::accounts::{self, NewUser};
use corridor::services::tickets::{self, Newcomer};
use serde_json::{Value, json};

use super::app::App;
use super::client::{Answer, Client};

/// Everybody's password.
pub const PASSWORD: &str = "marble kettle 47 orchard";

/// A registered firm and its owner, signed in.
pub struct Firm {
    /// Its owner.
    pub owner: Client,
    /// Its id.
    pub id: String,
}

/// A programme in force between Israeli startups and Azerbaijani investors,
/// with one of each admitted.
pub struct Corridor {
    /// Runs it.
    pub curator: Client,
    /// The startup.
    pub startup: Firm,
    /// The investor.
    pub investor: Firm,
    /// Its id.
    pub programme: String,
    /// The startup's published profile.
    pub profile: String,
    /// The investor's published mandate.
    pub mandate: String,
}

/// What registering sends.
pub fn registration(kind: &str, name: &str, country: &str) -> Value {
    json!({
        "organization": { "kind": kind, "legal_name": name, "country": country },
        "user": {
            "email": address(name),
            "name": format!("Owner of {name}"),
            "language": "en",
            "password": PASSWORD,
        },
    })
}

/// The address of a firm's owner.
pub fn address(name: &str) -> String {
    let local = name.to_lowercase().replace(' ', ".");
    format!("{local}@firms.example")
}

/// Registers a firm and signs its owner in; a partner has been checked as well.
pub async fn firm(app: &App, kind: &str, name: &str, country: &str) -> Firm {
    let firm = unchecked_firm(app, kind, name, country).await;
    if kind == "partner" {
        checked(app, &firm).await;
    }
    firm
}

/// Lets a partner through, as compliance does.
pub async fn checked(app: &App, firm: &Firm) {
    let me = firm.owner.get("/v1/me").await.expect(200);
    let by = me.text("id").parse().expect("an id");
    let now = app.context.now();
    let check = Clearance {
        id: app.context.new_id(),
        organization: firm.id.parse().expect("an id"),
        verdict: ClearanceVerdict::Clear,
        basis: "Registry of companies".to_owned(),
        proof: None,
        source_of_funds: None,
        by,
        valid_to: now.date_naive() + chrono::Days::new(365),
        created_at: now,
    };
    let write = move |conn: &mut corridor::db::Conn| corridor::db::clearances::insert(conn, &check);
    app.context.db.write(write).await.expect("the store");
}

/// Registers a firm that nobody has looked at and signs its owner in.
pub async fn unchecked_firm(app: &App, kind: &str, name: &str, country: &str) -> Firm {
    let stranger = app.stranger();
    let body = registration(kind, name, country);
    stranger.post("/v1/registrations", &body).await.expect(202);
    confirm_registration(app, &address(name)).await;
    let owner = stranger.signed_in(&address(name), PASSWORD).await;
    let me = owner.get("/v1/me").await.expect(200);
    let id = me.body["memberships"][0]["organization"].as_str();
    let id = id.expect("a membership").to_owned();
    Firm { owner, id }
}

/// Finishes a registration by the link that was mailed.
pub async fn confirm_registration(app: &App, email: &str) {
    let token = mailed_token(app, TicketKind::Registration, email).await;
    let confirmed = tickets::confirm_registration(&app.context, &token, PASSWORD).await;
    confirmed.expect("a registration");
}

/// What stands in the newest link of that kind that was mailed to an address.
pub async fn mailed_token(app: &App, kind: TicketKind, email: &str) -> String {
    let (key, now) = (email.to_owned(), app.context.now());
    let found = app
        .context
        .db
        .read(move |conn| corridor::db::tickets::newest(conn, kind, &key, now));
    let ticket = found.await.expect("the store").expect("a ticket");
    let link = tickets::link(&app.context, &ticket).expect("a link");
    id_of(&link)
}

/// One of the operator's people, signed in.
pub async fn operator(app: &App, name: &str, roles: &[Role]) -> Client {
    let user = new_user(name);
    accounts::create_operator_user(&app.context, user, roles.to_vec())
        .await
        .expect("an account");
    app.stranger().signed_in(&address(name), PASSWORD).await
}

/// Another person of a firm, who was invited into it, signed in.
pub async fn colleague(app: &App, firm: &Firm, name: &str, role: Role) -> Client {
    let email = address(name);
    let path = format!("/v1/organizations/{}/invitations", firm.id);
    let body = json!({ "email": email, "role": role.code() });
    firm.owner.post(&path, &body).await.expect(201);
    let token = mailed_token(app, TicketKind::Invitation, &email).await;
    let newcomer = Newcomer {
        name: name.parse().expect("a name"),
        language: "en".parse().expect("a language"),
        zone: chrono_tz::UTC,
        password: PASSWORD.to_owned(),
    };
    tickets::accept_invitation(&app.context, &token, Some(newcomer))
        .await
        .expect("a membership");
    app.stranger().signed_in(&email, PASSWORD).await
}

fn new_user(name: &str) -> NewUser {
    NewUser {
        email: address(name).parse().expect("an address"),
        name: name.parse().expect("a name"),
        language: "en".parse().expect("a language"),
        zone: chrono_tz::UTC,
        password: PASSWORD.to_owned(),
    }
}

/// A startup's profile with everything that review needs.
pub fn whole_profile() -> Value {
    json!({
        "one_liner": { "en": { "text": "Drinking water from desert air." } },
        "summary": { "en": { "text": "Panels that collect water at night." } },
        "primary_tags": ["water"],
        "stage": "seed",
        "languages": ["en", "he"],
        "deal_intents": ["pilot_poc", "equity_abroad"],
        "markets_wanted": ["AZ"],
        "controls": {
            "defence_customers": false,
            "dual_use": false,
            "interception": false,
            "intrusion": false,
            "biometrics": false,
            "signed_by": "Dana Levi",
            "signed_on": "2026-11-01",
        },
    })
}

/// A mandate that can be published.
pub fn whole_mandate() -> Value {
    json!({
        "title": "Water, seed",
        "tags": { "water": 3 },
        "stages": ["seed"],
        "deal_intents": ["pilot_poc"],
        "languages": ["en", "az"],
    })
}

/// Makes a record and answers its address.
pub async fn create(client: &Client, path: &str, body: &Value) -> (String, Answer) {
    let answer = client.post(path, body).await.expect(201);
    (answer.header("location").to_owned(), answer)
}

/// Moves a record, whatever its version.
pub async fn act(client: &Client, path: &str, action: &str) -> Answer {
    let body = json!({ "action": action });
    client.act(path, "*", &body).await.expect(200)
}

/// A published profile of a startup.
pub async fn published_profile(startup: &Client, curator: &Client) -> String {
    let (path, _) = create(startup, "/v1/startup-profiles", &whole_profile()).await;
    act(startup, &path, "submit").await;
    act(curator, &path, "claim").await;
    act(curator, &path, "approve").await;
    act(startup, &path, "publish").await;
    path
}

/// A published mandate of an investor.
pub async fn published_mandate(investor: &Client) -> String {
    let (path, _) = create(investor, "/v1/mandates", &whole_mandate()).await;
    act(investor, &path, "publish").await;
    path
}

/// What drawing up a programme sends.
pub fn programme(slug: &str, party: &str) -> Value {
    json!({
        "slug": slug,
        "title": "Israel–Azerbaijan",
        "corridors": [{ "startup": "IL", "investor": "AZ" }],
        "parties": [{ "organization": party, "role": "signatory" }],
        "starts_on": "2026-01-01",
        "ends_on": "2028-12-31",
    })
}

/// A programme in force.
pub async fn active_programme(curator: &Client, slug: &str, party: &str) -> String {
    let (path, _) = create(curator, "/v1/programmes", &programme(slug, party)).await;
    act(curator, &path, "negotiate").await;
    write_agreement(curator, &path).await;
    agree_and_sign(curator, &path).await;
    path
}

/// Writes a short text in English that all parties sign.
pub async fn write_agreement(curator: &Client, programme: &str) {
    let body = json!({
        "controlling_language": "en",
        "texts": { "en": "We agree." },
        "signatories": signatories(curator, programme).await,
    });
    let call = curator.call("PUT", &format!("{programme}/agreement"));
    let written = call.json(&body).header("If-Match", "*").send().await;
    written.expect(200);
}

/// A signatory for each party of a programme.
async fn signatories(curator: &Client, programme: &str) -> Vec<Value> {
    let found = curator.get(programme).await.expect(200);
    let parties = found.body["parties"].as_array().expect("parties").iter();
    parties
        .map(|party| json!({ "organization": party["organization"], "name": "Leyla Əliyeva" }))
        .collect()
}

/// What was written is agreed and signed by everybody, and the programme comes
/// into force.
pub async fn agree_and_sign(curator: &Client, programme: &str) {
    for action in ["agree_text", "start_signing"] {
        act(curator, programme, action).await;
    }
    let written = curator.get(&format!("{programme}/agreement")).await;
    let written = written.expect(200);
    for signatory in written.body["signatories"].as_array().expect("some") {
        let body = json!({
            "action": "sign", "organization": signatory["organization"],
            "level": "qualified", "signed_on": "2026-11-24", "evidence": "Archive 7",
        });
        let call = curator.call("POST", &format!("{programme}/signings"));
        let signed = call.json(&body).header("If-Match", "*").send().await;
        signed.expect(200);
    }
    act(curator, programme, "activate").await;
}

/// A programme in force with a startup and an investor admitted.
pub async fn corridor(app: &App) -> Corridor {
    let curator = operator(app, "Curator", &[Role::Curator]).await;
    let startup = firm(app, "startup", "Tamar", "IL").await;
    let investor = firm(app, "investor", "Xezer", "AZ").await;
    let profile = id_of(&published_profile(&startup.owner, &curator).await);
    let mandate = id_of(&published_mandate(&investor.owner).await);
    let path = active_programme(&curator, "il-az", &investor.id).await;
    for admission in [
        json!({ "startup_profile": profile }),
        json!({ "mandate": mandate }),
    ] {
        let admissions = format!("{path}/admissions");
        curator.post(&admissions, &admission).await.expect(200);
    }
    Corridor {
        curator,
        startup,
        investor,
        programme: id_of(&path),
        profile,
        mandate,
    }
}

/// The id at the end of an address.
pub fn id_of(path: &str) -> String {
    path.rsplit('/').next().expect("a segment").to_owned()
}
