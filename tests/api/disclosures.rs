//! Disclosures: both keys, on every path, and exactly what was agreed to.

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use smart_mining::{
    config::Config,
    db::{Conn, Db},
    domain::{
        disclosure::limit::{LimitEvent, LimitKind, LimitScope},
        ids::{AccountId, ProcessingLimitId},
        purpose::{PersonalDataClass, Purpose},
    },
    repositories::accounts,
    server,
    services::{
        clock::Clock,
        limits::{self, LimitError, LimitedBy},
        vault::Vault,
    },
};

use crate::support::{Answer, App, Desk, Person, Process, company, eventually};

const EMAIL: &str = "ada@example.org";

fn reason(answer: &Answer) -> (u16, String, String) {
    let (status, code) = answer.problem();
    (status, code, answer.json()["errors"][0]["code"].as_str().unwrap_or_default().to_owned())
}

fn shut(code: &str) -> (u16, String, String) {
    (409, "disclosure_refused".to_owned(), format!("gate_{code}"))
}

async fn request_of(ada: &Person) -> Value {
    ada.gets("/v1/consent-requests").await.json()["data"][0].clone()
}

pub async fn answers(ada: &Person, granted: bool) -> Answer {
    let id = request_of(ada).await["consent_request_id"].as_str().unwrap().to_owned();
    let path = format!("/v1/consent-requests/{id}/answer");
    ada.sends(Method::POST, &path, &[], Some(&json!({ "granted": granted }))).await
}

async fn takes_back(ada: &Person) -> Answer {
    let id = request_of(ada).await["consent_request_id"].as_str().unwrap().to_owned();
    ada.sends(Method::POST, &format!("/v1/consent-requests/{id}/withdrawal"), &[], None).await
}

fn steps(log: &Value) -> Vec<&str> {
    log["steps"].as_array().unwrap().iter().map(|step| step["step"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_partner_gets_exactly_what_was_released_and_the_person_sees_it() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let pool = desk.partner(&app, company("Harbour Pool")).await;
    let id = desk.discloses(&ada, &pool, &json!(["email", "registered_at", "real_name"])).await;

    let feed = pool.gets(&app, "/v1/partner/disclosures").await.json();
    assert_eq!(feed["data"][0]["disclosure_id"], id);
    assert_eq!(feed["data"][0]["fields"], json!(["real_name", "email", "registered_at"]));
    let pulled = pool.pulls(&app, &id).await;
    assert!(!pulled.text.contains("ada@"), "sealed");
    let claims = pool.opens(&app, &pulled).await;
    assert_eq!(claims["fields"]["email"], EMAIL);
    assert_eq!(claims["fields"]["real_name"], "Ada Lovelace");
    assert_eq!(claims["fields"].as_object().unwrap().len(), 3);
    assert_eq!((&claims["purpose"], &claims["clause"]), (&json!("group_sharing"), &json!("4.1")));
    assert!(claims["conditions_of_use"].as_str().unwrap().contains("services of the group"));
    let acknowledge = format!("/v1/partner/disclosures/{id}/acknowledgement");
    assert_eq!(pool.posts(&app, &acknowledge).await.status, 201);
    assert_eq!(pool.posts(&app, &acknowledge).await.problem().1, "disclosure_state_conflict");

    let log = ada.gets("/v1/disclosures").await.json();
    let entry = &log["data"][0];
    assert_eq!(entry["recipient"]["name"], "Harbour Pool");
    assert_eq!((&entry["purpose"], &entry["pulls"]), (&json!("group_sharing"), &json!(1)));
    assert_eq!(steps(entry), ["released", "pulled", "acknowledged"]);
    app.mail_saying(EMAIL, "Data about you were disclosed").await;
    let notices = ada.gets("/v1/notices").await.json();
    assert_eq!(notices["data"][0]["kind"], "data_disclosed");
    let next = feed["next_cursor"].as_str().unwrap();
    let later = pool.gets(&app, &format!("/v1/partner/disclosures?cursor={next}")).await.json();
    assert_eq!(later["data"], json!([]), "a polled feed goes on where it was");
}

#[tokio::test]
async fn other_partners_and_other_persons_find_nothing() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let pool = desk.partner(&app, company("Harbour Pool")).await;
    let other = desk.partner(&app, company("Other Pool")).await;
    let id = desk.discloses(&ada, &pool, &json!(["email"])).await;
    assert_eq!(other.pulls(&app, &id).await.status, 404);
    assert_eq!(other.gets(&app, &format!("/v1/partner/disclosures/{id}")).await.status, 404);
    assert_eq!(other.gets(&app, "/v1/partner/disclosures").await.json()["data"], json!([]));
    let eve = app.person("eve@example.org").await;
    assert_eq!(eve.gets(&format!("/v1/disclosures/{id}")).await.status, 404);
    assert_eq!(eve.gets("/v1/disclosures").await.json()["data"], json!([]));
    assert_eq!(ada.gets(&format!("/v1/disclosures/{id}")).await.status, 200);
    let waiting = desk.submits(&ada, &pool.recipient_id, &json!(["email"])).await;
    assert_eq!(ada.gets(&format!("/v1/disclosures/{waiting}")).await.status, 404, "nothing went yet");
    assert_eq!(pool.pulls(&app, &waiting).await.status, 404);
}

#[tokio::test]
async fn the_legal_team_sees_no_values_and_nobody_whom_it_could_look_up() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let lawyers = desk
        .registers(&json!({
            "recipient_class": "rights_protection", "name": "Lawyers", "country": "NZ", "agreement": "Mandate",
            "policy_url": "https://lawyers.example/privacy", "contact": "office@lawyers.example",
        }))
        .await;
    let draft = |ground: &str| {
        json!({
            "account_id": ada.account_id, "recipient_id": lawyers, "fields": ["real_name"], "ground": ground,
        })
    };
    for tells in [
        "The claim against Ada of last week.",
        "Against LOVELACE, see the file.",
        "Write to ada@example.org about it.",
        "Call +64 21 123 4567 first.",
        &format!("See {}.", ada.account_id),
        "See https://pool.example/people/17.",
        "Under dsc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3 before.",
    ] {
        let refused = desk.tries_to_draft(&draft(tells)).await;
        assert_eq!(refused.first_error(), ("/ground".to_owned(), "tells_who_it_is".to_owned()), "{tells}");
        assert!(!refused.text.contains("LOVELACE") && !refused.text.contains("4567"));
    }
    let refused = desk.tries_to_draft(&draft("The person is a catholic.")).await;
    assert_eq!(refused.first_error().1, "special_category");
    let id = desk.submits_as(draft("Chargebacks of the last quarter, claim 2026-17.")).await;
    let shown = desk.legal.gets(&format!("/v1/staff/disclosures/{id}")).await;
    assert_eq!(shown.json()["ground"], "Chargebacks of the last quarter, claim 2026-17.");
    let uuid = ada.account_id.trim_start_matches("acc_");
    for told in ["Lovelace", "ada@", uuid] {
        assert!(!shown.text.contains(told), "{told} in {}", shown.text);
    }
    let subject = shown.json()["disclosure"]["subject_ref"].as_str().unwrap().to_owned();
    assert_eq!(desk.sees(&id).await["disclosure"]["subject_ref"], subject.as_str());
    let again = desk.submits_as(draft("The same person, another time.")).await;
    assert_ne!(desk.sees(&again).await["disclosure"]["subject_ref"], subject.as_str());
    let lookup = json!({ "account_id": ada.account_id });
    assert_eq!(desk.legal.posts("/v1/staff/person-lookups", &lookup).await.problem().1, "role_required");
}

#[tokio::test]
async fn a_review_is_of_exactly_what_was_shown_and_a_change_voids_both_keys() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let pool = desk.partner(&app, company("Harbour Pool")).await;
    let id = desk.submits(&ada, &pool.recipient_id, &json!(["email"])).await;
    assert_eq!(reason(&desk.tries_to_release(&id).await), shut("not_ready"));
    assert_eq!(desk.approves(&id).await["gate"]["open"], true);
    assert_eq!(desk.tries_to_approve(&desk.legal, &id).await.problem().1, "second_person_required");

    let path = format!("/v1/staff/disclosures/{id}");
    let other = json!({ "recipient_id": pool.recipient_id, "fields": ["email", "phone"] });
    let shown = desk.sees(&id).await;
    let changed = desk.processor.sends(Method::PUT, &path, Some(&other)).await;
    assert_eq!((changed.status, &changed.json()["disclosure"]["state"]), (200, &json!("draft")));
    let stale = json!({ "verdict": "approved", "scope_hash": shown["disclosure"]["scope_hash"] });
    let back = json!({ "recipient_id": pool.recipient_id, "fields": ["email"] });
    assert_eq!(desk.processor.sends(Method::PUT, &path, Some(&back)).await.status, 200);
    let submit = format!("{path}/submission");
    assert_eq!(desk.processor.sends(Method::POST, &submit, None).await.status, 201);
    // Changed, and changed back: still another thing than what was approved.
    let reviews = format!("{path}/reviews");
    assert_eq!(desk.second.posts(&reviews, &stale).await.problem(), (412, "stale_version".to_owned()));
    assert_eq!(reason(&desk.tries_to_release(&id).await), shut("not_ready"));
    app.database.sql("UPDATE disclosures SET state = 'ready'");
    assert_eq!(reason(&desk.tries_to_release(&id).await), shut("review_missing"));
    app.database.sql("UPDATE disclosures SET state = 'in_review'");
    assert_eq!(desk.approves(&id).await["disclosure"]["state"], "ready");
    desk.releases(&id).await;
    assert_eq!(desk.processor.sends(Method::PUT, &path, Some(&other)).await.status, 409);
    let denied = desk.submits(&ada, &pool.recipient_id, &json!(["phone"])).await;
    let scope = desk.sees(&denied).await["disclosure"]["scope_hash"].clone();
    let no = json!({ "verdict": "denied", "reason": "not_necessary", "scope_hash": scope });
    let answer = desk.legal.posts(&format!("/v1/staff/disclosures/{denied}/reviews"), &no).await;
    assert_eq!(answer.json()["disclosure"]["state"], "denied");
    assert_eq!(reason(&desk.tries_to_release(&denied).await), shut("not_ready"));
}

#[tokio::test]
async fn what_the_policy_does_not_cover_is_asked_once_and_can_be_taken_back() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let pool = desk.partner(&app, company("Harbour Pool")).await;
    let id = desk.submits(&ada, &pool.recipient_id, &json!(["birth_date", "real_name"])).await;
    let approved = desk.approves(&id).await;
    assert_eq!(approved["disclosure"]["state"], "awaiting_consent");
    assert_eq!(approved["gate"]["refusal"], "consent_missing");
    assert_eq!(reason(&desk.tries_to_release(&id).await), shut("consent_missing"));
    app.mail_saying(EMAIL, "We ask for your consent").await;
    let asked = request_of(&ada).await;
    assert_eq!(asked["recipient"]["name"], "Harbour Pool");
    assert_eq!(asked["fields"], json!(["real_name", "birth_date"]));
    assert_eq!((&asked["purpose"], &asked["state"]), (&json!("group_sharing"), &json!("open")));

    let granted = answers(&ada, true).await;
    assert_eq!((granted.status, &granted.json()["state"]), (201, &json!("granted")), "{}", granted.text);
    assert_eq!(answers(&ada, false).await.problem(), (409, "consent_request_closed".to_owned()));
    desk.releases(&id).await;
    let claims = pool.opens(&app, &pool.pulls(&app, &id).await).await;
    assert_eq!(claims["fields"], json!({ "real_name": "Ada Lovelace", "birth_date": null }));

    assert_eq!(takes_back(&ada).await.json()["state"], "withdrawn");
    assert_eq!(pool.pulls(&app, &id).await.problem(), (410, "disclosure_revoked".to_owned()));
    assert_eq!(takes_back(&ada).await.problem().1, "consent_request_closed");
    let entry = ada.gets(&format!("/v1/disclosures/{id}")).await.json();
    assert_eq!(steps(&entry), ["released", "pulled", "withdrawn", "revoked"]);

    let second = desk.submits(&ada, &pool.recipient_id, &json!(["birth_date"])).await;
    desk.approves(&second).await;
    assert_eq!(answers(&ada, false).await.json()["state"], "declined");
    assert_eq!(desk.sees(&second).await["disclosure"]["state"], "declined");
    assert_eq!(reason(&desk.tries_to_release(&second).await), shut("not_ready"));
}

#[tokio::test]
async fn a_withdrawn_purpose_shuts_the_gate_before_the_release_and_after_it() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let pool = desk.partner(&app, company("Harbour Pool")).await;
    let (before, after) = (
        desk.submits(&ada, &pool.recipient_id, &json!(["phone"])).await,
        desk.discloses(&ada, &pool, &json!(["email"])).await,
    );
    desk.approves(&before).await;
    let asked = desk.submits(&ada, &pool.recipient_id, &json!(["residence"])).await;
    desk.approves(&asked).await;
    assert_eq!(answers(&ada, true).await.status, 201);
    desk.releases(&asked).await;
    assert_eq!(pool.pulls(&app, &after).await.status, 201);

    assert_eq!(ada.decides("group_sharing", false).await.status, 200);
    let refused = desk.tries_to_release(&before).await;
    assert_eq!(reason(&refused), shut("consent_withdrawn"));
    assert_eq!(refused.json()["clause"], "4.8");
    for id in [&after, &asked] {
        assert_eq!(desk.sees(id).await["disclosure"]["state"], "revoked");
        let entry = ada.gets(&format!("/v1/disclosures/{id}")).await.json();
        assert_eq!((&entry["state"], steps(&entry).last()), (&json!("revoked"), Some(&"revoked")));
        assert_eq!(pool.pulls(&app, id).await.problem(), (410, "disclosure_revoked".to_owned()));
    }
    // What has ended does not come back with the consent.
    assert_eq!(ada.decides("group_sharing", true).await.status, 200);
    assert_eq!(pool.pulls(&app, &after).await.problem().0, 410);
    desk.releases(&before).await;
}

#[tokio::test]
async fn an_answer_ends_with_the_purpose_or_the_policy_and_is_not_brought_back_with_them() {
    let app = App::start().await;
    let (desk, ada, bob) = (app.desk().await, app.person(EMAIL).await, app.person("bob@example.org").await);
    let pool = desk.partner(&app, company("Harbour Pool")).await;
    let mut ready = Vec::new();
    for person in [&ada, &bob] {
        let id = desk.submits(person, &pool.recipient_id, &json!(["residence"])).await;
        desk.approves(&id).await;
        assert_eq!(answers(person, true).await.status, 201);
        ready.push(id);
    }
    assert_eq!(ada.decides("group_sharing", false).await.status, 200);
    assert_eq!(reason(&desk.tries_to_release(&ready[0]).await), shut("consent_withdrawn"));
    assert_eq!(ada.decides("group_sharing", true).await.status, 200);
    assert_eq!(reason(&desk.tries_to_release(&ready[0]).await), shut("consent_withdrawn"));

    let cookie = bob.cookie.clone();
    assert_eq!(bob.answers_policy(false).await.status, 201);
    let bob = app.signs_in("bob@example.org", &cookie).await;
    assert_eq!(bob.answers_policy(true).await.status, 201);
    assert_eq!(bob.decides("group_sharing", true).await.status, 200);
    assert_eq!(reason(&desk.tries_to_release(&ready[1]).await), shut("consent_withdrawn"));

    // Who is asked anew answers anew.
    let again = desk.submits(&ada, &pool.recipient_id, &json!(["residence"])).await;
    desk.approves(&again).await;
    assert_eq!(answers(&ada, true).await.status, 201);
    desk.releases(&again).await;
}

#[tokio::test]
async fn a_newer_policy_holds_what_was_released_until_it_is_accepted() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let pool = desk.partner(&app, company("Harbour Pool")).await;
    let released = desk.discloses(&ada, &pool, &json!(["email"])).await;
    let ready = desk.submits(&ada, &pool.recipient_id, &json!(["phone"])).await;
    desk.approves(&ready).await;
    let team = crate::support::PolicyTeam { legal: desk.legal.clone(), admin: desk.admins[1].clone() };
    app.publishes(&team, |draft| draft["clauses"][0]["text"] = json!("Other words.")).await;
    assert_eq!(reason(&desk.tries_to_release(&ready).await), shut("policy_not_accepted"));
    assert_eq!(pool.pulls(&app, &released).await.problem(), (423, "disclosure_held".to_owned()));
    assert_eq!(ada.answers_policy(true).await.status, 201);
    assert_eq!(pool.pulls(&app, &released).await.status, 201);
    desk.releases(&ready).await;
}

#[tokio::test]
async fn a_class_is_told_what_its_row_says_and_counts_alone_where_there_is_none() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let entry = |class: &str| {
        json!({
            "recipient_class": class, "name": class, "country": "NZ", "agreement": "A", "contact": "a@b.example",
            "policy_url": "https://b.example/privacy",
        })
    };
    let draft = |recipient: &str, fields: &Value| json!({ "account_id": ada.account_id, "recipient_id": recipient, "fields": fields });
    for class in ["analytics_provider", "search_provider", "advertiser", "service_processor"] {
        let recipient = desk.registers(&entry(class)).await;
        let refused = desk.tries_to_draft(&draft(&recipient, &json!(["email"]))).await;
        let expected = ("/recipient_id".to_owned(), "recipient_unfit".to_owned());
        assert_eq!(refused.first_error(), expected, "{class}");
    }
    let group = desk.registers(&company("Harbour Pool")).await;
    let refused = desk.tries_to_draft(&draft(&group, &json!(["email", "identity_documents"]))).await;
    assert_eq!(refused.first_error(), ("/fields/1".to_owned(), "not_for_this_class".to_owned()));
    let refused = desk.tries_to_draft(&draft(&group, &json!(["email", "email"]))).await;
    assert_eq!(refused.first_error(), ("/fields".to_owned(), "duplicate_field".to_owned()));
    let court = desk.registers(&entry("court")).await;
    let refused = desk.tries_to_draft(&draft(&court, &json!(["email"]))).await;
    assert_eq!(refused.first_error(), ("/instrument_id".to_owned(), "order_missing".to_owned()));
    let police = desk.registers(&entry("law_enforcement")).await;
    let refused = desk.tries_to_draft(&draft(&police, &json!(["email"]))).await;
    assert_eq!(refused.first_error(), ("/ground".to_owned(), "missing_field".to_owned()));
}

#[tokio::test]
async fn nothing_goes_abroad_without_the_consent_that_says_so() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let mut entry = company("Ocean Pool");
    entry["country"] = json!("AU");
    let refused = desk.legal.posts("/v1/staff/recipients", &entry).await;
    assert_eq!(refused.first_error(), ("/country_note".to_owned(), "missing_field".to_owned()));
    entry["country_note"] = json!("Privacy Act 1988 of Australia.");
    let pool = desk.partner(&app, entry).await;
    let id = desk.submits(&ada, &pool.recipient_id, &json!(["email"])).await;
    let at_home = desk.partner(&app, company("Harbour Pool")).await;
    let stays = desk.discloses(&ada, &at_home, &json!(["email"])).await;
    assert_eq!(ada.decides("cross_border_transfer", false).await.status, 200);
    assert_eq!(at_home.pulls(&app, &stays).await.status, 201, "it went nowhere");
    desk.approves(&id).await;
    assert_eq!(reason(&desk.tries_to_release(&id).await), shut("cross_border_refused"));
    assert_eq!(ada.decides("cross_border_transfer", true).await.status, 200);
    desk.releases(&id).await;
    assert_eq!(pool.pulls(&app, &id).await.status, 201);
    assert_eq!(ada.decides("cross_border_transfer", false).await.status, 200);
    // What went abroad rests on that consent, too, and does not come back with it.
    assert_eq!(pool.pulls(&app, &id).await.problem(), (410, "disclosure_revoked".to_owned()));
    assert_eq!(ada.decides("cross_border_transfer", true).await.status, 200);
    assert_eq!(pool.pulls(&app, &id).await.problem().0, 410);
    assert_eq!(at_home.pulls(&app, &stays).await.status, 201);
}

#[tokio::test]
async fn a_consent_is_to_what_its_words_name_and_to_nobody_else() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let pool = desk.partner(&app, company("Harbour Pool")).await;
    let id = desk.submits(&ada, &pool.recipient_id, &json!(["email"])).await;
    desk.approves(&id).await;
    let team = crate::support::PolicyTeam { legal: desk.legal.clone(), admin: desk.admins[1].clone() };
    // First the words say nothing of such data, then nothing of such recipients, then of both again.
    for (data, recipients, stands) in [
        (json!(["identity"]), json!(["group_company"]), false),
        (json!(["identity", "contact"]), json!(["acquirer"]), false),
        (json!(["identity", "contact"]), json!(["group_company"]), true),
    ] {
        app.publishes(&team, |draft| {
            let words = crate::support::purpose(draft, "group_sharing");
            (words["data_classes"], words["recipients"]) = (data, recipients);
        })
        .await;
        assert_eq!(ada.answers_policy(true).await.status, 201);
        assert_eq!(ada.decides("group_sharing", true).await.status, 200);
        if stands {
            desk.releases(&id).await;
        } else {
            assert_eq!(reason(&desk.tries_to_release(&id).await), shut("consent_missing"));
        }
    }
}

#[tokio::test]
async fn a_recipient_takes_two_and_other_terms_void_the_review() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let pool = desk.partner(&app, company("Harbour Pool")).await;
    let released = desk.discloses(&ada, &pool, &json!(["email"])).await;
    let id = desk.submits(&ada, &pool.recipient_id, &json!(["phone"])).await;
    desk.approves(&id).await;
    let path = format!("/v1/staff/recipients/{}", pool.recipient_id);
    let shown = desk.legal.gets(&path).await.json();
    let mut entry = company("Harbour Pool");
    entry["partner_client_id"] = shown["partner_client_id"].clone();
    entry["package_key"] = shown["package_key"].clone();
    entry["agreement"] = json!("Agreement of 2 March 2026");
    assert_eq!(desk.legal.sends(Method::PUT, &path, Some(&entry)).await.status, 200);
    assert_eq!(reason(&desk.tries_to_release(&id).await), shut("recipient_inactive"));
    assert_eq!(pool.pulls(&app, &released).await.problem().1, "disclosure_held");
    let own = desk.tries_to_activate(&desk.legal, &pool.recipient_id).await;
    assert_eq!(own.problem(), (403, "second_person_required".to_owned()));
    // Nor after somebody else shut it off in between.
    let off = format!("{path}/deactivation");
    assert_eq!(desk.second.sends(Method::POST, &off, None).await.status, 201);
    let own = desk.tries_to_activate(&desk.legal, &pool.recipient_id).await;
    assert_eq!(own.problem(), (403, "second_person_required".to_owned()));
    let unseen = desk.admins[0].posts(&format!("{path}/activation"), &json!({ "version": 1 })).await;
    assert_eq!(unseen.problem(), (412, "stale_version".to_owned()));
    desk.activates(&pool.recipient_id).await;
    assert_eq!(reason(&desk.tries_to_release(&id).await), shut("scope_changed"));
    let history = desk.legal.gets(&format!("{path}/events")).await.json();
    let of = |n: usize, name: &str| history["data"][n][name].clone();
    assert_eq!(
        (of(0, "step"), of(2, "step"), of(4, "step")),
        (json!("activated"), json!("changed"), json!("registered"))
    );
    assert_eq!(of(4, "agreement"), "Agreement of 1 March 2026");
    assert_eq!(desk.legal.sends(Method::POST, &format!("{path}/deactivation"), None).await.status, 201);
    assert_eq!(pool.pulls(&app, &released).await.problem().1, "disclosure_held");
    let mut another = company("Thief");
    another["partner_client_id"] = shown["partner_client_id"].clone();
    let refused = desk.legal.posts("/v1/staff/recipients", &another).await;
    assert_eq!(refused.first_error().1, "client_not_free");
    another["partner_client_id"] = Value::Null;
    another["package_key"] = json!("age1notakey");
    let refused = desk.legal.posts("/v1/staff/recipients", &another).await;
    assert!(refused.status == 422 || refused.status == 400, "{}", refused.text);
}

/// So many accounts whose data went to a recipient before.
fn released_before(app: &App, recipient: &str, purpose: &str, accounts: u32, days: i64) {
    let id = |hex: &str| {
        if crate::support::is_postgres() { format!("'{hex}'::uuid") } else { format!("x'{hex}'") }
    };
    let recipient = id(recipient.trim_start_matches("rcp_"));
    for n in 0..accounts {
        let account = id(&format!("0198c8f2b1d07c3f9e21{n:012x}"));
        let at = if crate::support::is_postgres() {
            format!("requested_at - interval '{days} days'")
        } else {
            format!("requested_at - {days} * 86400000000")
        };
        app.database.sql(&format!(
            "INSERT INTO accounts (account_id, state, state_reason, epoch, sequence, accepted_policy_version, created_at) \
             SELECT {account}, 'active', 'opened', 1, 0, 1, created_at FROM accounts \
             WHERE NOT EXISTS (SELECT 1 FROM accounts WHERE account_id = {account}) LIMIT 1; \
             INSERT INTO disclosures \
             (account_id, disclosure_id, recipient_id, purpose, fields, consent_kind, revision, scope_hash, state, \
              requested_by, requested_at, changed_at, ends_at, released_at, reviews_needed, pulls, steps) \
             SELECT {account}, {account}, {recipient}, '{purpose}', 'email', 'policy_clause', 1, scope_hash, \
                    'released', requested_by, requested_at, changed_at, ends_at, {at}, 1, 0, 0 \
             FROM disclosures LIMIT 1",
        ));
    }
}

#[tokio::test]
async fn above_a_hundred_persons_it_takes_two_reviewers_however_it_is_split() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let pool = desk.partner(&app, company("Harbour Pool")).await;
    let first = desk.submits(&ada, &pool.recipient_id, &json!(["email"])).await;
    desk.approves(&first).await;
    released_before(&app, &pool.recipient_id, "group_sharing", 100, 31);
    let at = if crate::support::is_postgres() { "interval '2 days'" } else { "172800000000" };
    let now_inside = |n: u32| {
        app.database.sql(&format!(
            "UPDATE disclosures SET released_at = released_at + {at} \
             WHERE disclosure_id IN (SELECT disclosure_id FROM disclosures WHERE released_at IS NOT NULL \
             AND released_at < (SELECT requested_at - {} FROM disclosures WHERE released_at IS NULL) LIMIT {n})",
            if crate::support::is_postgres() { "interval '30 days'" } else { "2592000000000" },
        ));
    };
    now_inside(99);
    assert_eq!(desk.refusal(&first).await, "", "a hundred persons with this one");
    now_inside(1);
    assert_eq!(reason(&desk.tries_to_release(&first).await), shut("second_review_missing"));
    let second = desk.tries_to_approve(&desk.second, &first).await;
    assert_eq!(second.status, 201, "{}", second.text);
    desk.releases(&first).await;
    let needed = |id: &str| {
        let hex = id.trim_start_matches("dsc_");
        let id = if crate::support::is_postgres() { format!("'{hex}'") } else { format!("x'{hex}'") };
        app.database.number(&format!(
            "SELECT CAST(reviews_needed AS bigint) AS n FROM disclosures WHERE disclosure_id = {id}"
        ))
    };
    assert_eq!(needed(&first), 2, "it is on record how many it took");
    let other = desk.partner(&app, company("Ocean Pool")).await;
    assert_eq!(needed(&desk.discloses(&ada, &other, &json!(["email"])).await), 1);
    assert_eq!(pool.pulls(&app, &first).await.status, 201);
    let next = desk.submits(&ada, &pool.recipient_id, &json!(["phone"])).await;
    assert_eq!(desk.approves(&next).await["disclosure"]["state"], "in_review", "one of two");
    assert_eq!(desk.tries_to_approve(&desk.second, &next).await.json()["disclosure"]["state"], "ready");
}

#[tokio::test]
async fn pulls_are_counted_expire_and_are_never_repeated_under_a_key() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let pool = desk.partner(&app, company("Harbour Pool")).await;
    let id = desk.discloses(&ada, &pool, &json!(["email"])).await;
    let path = format!("/v1/partner/disclosures/{id}/pulls");
    let keyed = [("authorization", pool.bearer.as_str()), ("idempotency-key", "0123456789abcdef")];
    let mut hashes = std::collections::HashSet::new();
    let first = app.send(Method::POST, &path, &keyed, None).await;
    hashes.insert(first.json()["package_hash"].to_string());
    let again = app.send(Method::POST, &path, &keyed, None).await;
    assert_eq!(again.problem(), (409, "already_done".to_owned()));
    for _ in 0..4 {
        hashes.insert(pool.pulls(&app, &id).await.json()["package_hash"].to_string());
    }
    assert_eq!(hashes.len(), 5, "each sealed anew");
    assert_eq!(pool.pulls(&app, &id).await.problem(), (409, "pulls_spent".to_owned()));
    assert_eq!(ada.gets(&format!("/v1/disclosures/{id}")).await.json()["pulls"], 5);

    let other = desk.discloses(&ada, &pool, &json!(["phone"])).await;
    app.database.sql("UPDATE disclosures SET ends_at = released_at");
    assert_eq!(pool.pulls(&app, &other).await.problem(), (410, "disclosure_expired".to_owned()));
}

#[tokio::test]
async fn a_package_is_built_from_what_is_true_at_the_pull() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let pool = desk.partner(&app, company("Harbour Pool")).await;
    let id = desk.discloses(&ada, &pool, &json!(["real_name", "display_name"])).await;
    ada.changes_profile(json!({ "real_name": "Ada King", "display_name": "countess" })).await;
    let claims = pool.opens(&app, &pool.pulls(&app, &id).await).await;
    assert_eq!(claims["fields"], json!({ "real_name": "Ada King", "display_name": "countess" }));
    let hand_over = |id: &str| format!("/v1/staff/disclosures/{id}/hand-overs");
    let refused = desk.processor.sends(Method::POST, &hand_over(&id), None).await;
    assert_eq!(refused.problem().1, "disclosure_state_conflict", "the recipient fetches by itself");
    let absent = desk.absent(company("Without a client")).await;
    let id = desk.discloses(&ada, &absent, &json!(["real_name"])).await;
    let own = desk.processor.sends(Method::POST, &hand_over(&id), None).await;
    assert_eq!(own.problem().1, "second_person_required");
    let other = app.member_called(&desk.admins, "second.processor", "data_processor").await;
    let handed = other.sends(Method::POST, &hand_over(&id), None).await;
    assert_eq!(absent.opens(&app, &handed).await["pull_number"], 1);
    if !crate::support::is_postgres() {
        let sealed = STANDARD.decode(handed.json()["package"].as_str().unwrap()).unwrap();
        let piece = &sealed[sealed.len() - 48..];
        for file in std::fs::read_dir(app.database.folder.path()).unwrap().filter_map(Result::ok) {
            let kept = std::fs::read(file.path()).unwrap_or_default();
            assert!(!crate::support::pictures::holds(&kept, piece), "{file:?}");
        }
    }
}

#[tokio::test]
async fn an_account_on_its_way_out_is_disclosed_to_nobody() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let pool = desk.partner(&app, company("Harbour Pool")).await;
    let id = desk.discloses(&ada, &pool, &json!(["email"])).await;
    let ready = desk.submits(&ada, &pool.recipient_id, &json!(["phone"])).await;
    desk.approves(&ready).await;
    assert_eq!(ada.sends(Method::POST, "/v1/account/closure", &[], None).await.status, 201);
    assert_eq!(pool.pulls(&app, &id).await.problem(), (423, "disclosure_held".to_owned()));
    assert_eq!(reason(&desk.tries_to_release(&ready).await), shut("subject_leaving"));
    app.database.sql("UPDATE accounts SET state = 'closed'");
    assert_eq!(reason(&desk.tries_to_release(&ready).await), shut("subject_gone"));
    assert_eq!(pool.pulls(&app, &id).await.problem(), (410, "disclosure_revoked".to_owned()));
}

#[tokio::test]
async fn restrictions_and_objections_stand_in_the_way_of_what_they_are_about() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let pool = desk.partner(&app, company("Harbour Pool")).await;
    let id = desk.discloses(&ada, &pool, &json!(["email"])).await;
    let ready = desk.submits(&ada, &pool.recipient_id, &json!(["real_name"])).await;
    desk.approves(&ready).await;
    let limits = limits(&app).await;
    let owner = ada.account_id.parse().unwrap();
    let limit = |kind, purpose, data_class| limits.begin(owner, LimitScope { kind, purpose, data_class });
    let all = limit(LimitKind::Restriction, None, None).await.unwrap();
    assert_eq!(reason(&desk.tries_to_release(&ready).await), shut("restricted"));
    assert_eq!(pool.pulls(&app, &id).await.problem(), (423, "disclosure_held".to_owned()));
    limits.end(owner, all.id).await.unwrap();
    let purpose = limit(LimitKind::Objection, Some(Purpose::GroupSharing), None).await.unwrap();
    assert_eq!(reason(&desk.tries_to_release(&ready).await), shut("objected"));
    limits.end(owner, purpose.id).await.unwrap();
    // An objection to going abroad is none to what stays at home.
    let mut entry = company("Southern Pool");
    (entry["country"], entry["country_note"]) = (json!("AU"), json!("Privacy Act 1988 of Australia."));
    let abroad = desk.registers(&entry).await;
    let away = desk.submits(&ada, &abroad, &json!(["real_name"])).await;
    desk.approves(&away).await;
    let far = limit(LimitKind::Objection, Some(Purpose::CrossBorderTransfer), None).await.unwrap();
    assert_eq!(desk.refusal(&away).await, "objected");
    assert_eq!(desk.refusal(&ready).await, "");
    limits.end(owner, far.id).await.unwrap();
    limit(LimitKind::Objection, None, Some(PersonalDataClass::Contact)).await.unwrap();
    assert_eq!(pool.pulls(&app, &id).await.problem().1, "disclosure_held", "an address is contact data");
    desk.releases(&ready).await;
}

/// What begins and ends limits, on connections of its own; as rights requests do, without their ceremony.
pub struct Limits {
    db: Db,
    vault: Vault,
    clock: Clock,
}

impl Limits {
    pub async fn begin(&self, owner: AccountId, scope: LimitScope) -> Result<LimitEvent, LimitError> {
        let (now, keys) = (self.clock.now(), self.vault.keys_of(owner).await?);
        let id = ProcessingLimitId::generate(now);
        let work = move |c: &mut Conn| {
            accounts::hold(c, owner)?;
            limits::begin(c, &keys, (id, scope), now)
        };
        self.db.write_holding(owner, work).await
    }

    pub async fn end(&self, owner: AccountId, id: ProcessingLimitId) -> Result<LimitEvent, LimitError> {
        let (now, keys) = (self.clock.now(), self.vault.keys_of(owner).await?);
        let work = move |c: &mut Conn| limits::end(c, &keys, (LimitedBy::Person, id), now);
        self.db.write_holding(owner, work).await
    }
}

pub async fn limits(app: &App) -> Limits {
    let config = Config::from_vars(app.settings.clone()).unwrap();
    let clock = Clock::system();
    let stores = server::open_stores(&config, &clock).await.unwrap();
    let kms = server::open_kms(&config, &stores.data, &clock).await.unwrap();
    Limits { db: stores.data, vault: Vault::new(kms, stores.keys), clock }
}

#[tokio::test]
async fn what_nobody_released_in_time_lapses_and_so_does_what_was_asked() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let pool = desk.registers(&company("Harbour Pool")).await;
    let id = desk.submits(&ada, &pool, &json!(["birth_date"])).await;
    desk.approves(&id).await;
    let Desk { legal, .. } = desk;
    app.advance(TimeDelta::days(30));
    let (cookie, away) = (ada.cookie.clone(), legal.away());
    drop((ada, desk.processor, desk.second, desk.admins));
    let app = app.restart().await;
    let legal = app.welcomes(away).await;
    let path = format!("/v1/staff/disclosures/{id}");
    let expired = || async {
        let state = legal.gets(&path).await.json()["disclosure"]["state"].clone();
        (state == "expired").then_some(())
    };
    eventually("its end", expired).await;
    let ada = app.signs_in(EMAIL, &cookie).await;
    assert_eq!(request_of(&ada).await["state"], "expired");
    assert_eq!(answers(&ada, true).await.problem().1, "consent_request_closed");
}

#[tokio::test]
async fn the_proof_of_an_entry_is_verified_offline_and_every_change_of_it_is_found() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let pool = desk.partner(&app, company("Harbour Pool")).await;
    // What has no place in the tree yet is a state, which passes, and no trouble of the service.
    app.database.sql("ALTER TABLE log_nodes RENAME TO log_nodes_gone");
    let id = desk.discloses(&ada, &pool, &json!(["email"])).await;
    let path = format!("/v1/disclosures/{id}/proof");
    assert_eq!(ada.gets(&path).await.problem(), (409, "proof_not_ready".to_owned()));
    app.database.sql("ALTER TABLE log_nodes_gone RENAME TO log_nodes");
    let hash = pool.pulls(&app, &id).await.json()["package_hash"].as_str().unwrap().to_owned();
    let proof = eventually("the leaves in the tree", || async {
        let answer = ada.gets(&path).await;
        assert!([200, 409].contains(&answer.status), "{}", answer.text);
        (answer.status == 200).then_some(answer.text)
    })
    .await;
    let eve = app.person("eve@example.org").await;
    assert_eq!(eve.gets(&path).await.status, 404);

    let key = app.get("/v1/log/checkpoint").await.json()["public_keys"][0].as_str().unwrap().to_owned();
    let file = app.database.folder.path().join("proof.json");
    // Neither a database nor keys are at hand where it is verified.
    let elsewhere = tempfile::TempDir::new().unwrap();
    let mut settings = app.settings.clone();
    settings.insert("DATA_DIR".to_owned(), elsewhere.path().display().to_string());
    settings.insert("DATABASE_URL".to_owned(), format!("{}/none.db", elsewhere.path().display()));
    let verify = |text: &str, key: &str| {
        std::fs::write(&file, text).unwrap();
        let arguments = ["log", "verify-proof", file.to_str().unwrap(), "--public-key", key];
        let output = Process::run(&settings, &arguments);
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    let (verified, said) = verify(&proof, &key);
    assert!(verified, "{said}");
    assert!(said.contains("disclosure.released group_company_disclosure (clause 4.1)"), "{said}");
    assert!(said.contains(&format!("package_hash: {hash}")), "{said}");
    assert!(!elsewhere.path().join("none.db").exists(), "no database was opened");

    let proof: Value = serde_json::from_str(&proof).unwrap();
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut proof = proof.clone();
        change(&mut proof);
        verify(&proof.to_string(), &key).0
    };
    let facts = proof["entries"][0]["facts"].as_array().unwrap().len();
    for n in 0..facts {
        assert!(!changed(&|p| p["entries"][0]["facts"][n]["value"] = json!("another")), "fact {n}");
    }
    assert!(!changed(&|p| p["entries"][1]["facts"] = p["entries"][0]["facts"].clone()));
    assert!(!changed(&|p| p["entries"][0]["leaf_index"] = json!(0)));
    assert!(!changed(&|p| p["entries"][0]["audit_path"][0] = json!("0".repeat(64))));
    assert!(!changed(&|p| p["entries"][0]["salt"] = json!("0".repeat(64))));
    assert!(!changed(&|p| p["entries"] = json!([])));
    assert!(!changed(&|p| {
        let note = p["checkpoint"].as_str().unwrap().replacen('\n', "x\n", 1);
        p["checkpoint"] = json!(note);
    }));
}

#[tokio::test]
async fn a_question_keeps_its_own_words_whatever_becomes_of_the_disclosure() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let pool = desk.partner(&app, company("Harbour Pool")).await;
    let id = desk.submits(&ada, &pool.recipient_id, &json!(["birth_date"])).await;
    desk.approves(&id).await;
    assert_eq!(answers(&ada, true).await.status, 201);
    let path = format!("/v1/staff/disclosures/{id}");
    let (court, instrument) = desk.court_order(&app, "email", Some("2026-06-01T00:00:00Z")).await;
    let gagged = json!({
        "recipient_id": court.recipient_id, "instrument_id": instrument, "fields": ["email"],
    });
    let refused = desk.processor.sends(Method::PUT, &path, Some(&gagged)).await;
    assert_eq!(refused.first_error(), ("/ask".to_owned(), "silent_question".to_owned()));
    let lawyers = json!({ "recipient_id": pool.recipient_id, "fields": ["phone"] });
    assert_eq!(desk.processor.sends(Method::PUT, &path, Some(&lawyers)).await.status, 200);
    let asked = request_of(&ada).await;
    assert_eq!((&asked["state"], &asked["fields"]), (&json!("cancelled"), &json!(["birth_date"])));
    assert_eq!(takes_back(&ada).await.problem().1, "consent_request_closed");
}

#[tokio::test]
async fn a_review_or_an_answer_under_other_terms_counts_for_nothing() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let pool = desk.partner(&app, company("Harbour Pool")).await;
    let reviewed = desk.submits(&ada, &pool.recipient_id, &json!(["email"])).await;
    let asked = desk.submits(&ada, &pool.recipient_id, &json!(["birth_date"])).await;
    desk.approves(&asked).await;
    let path = format!("/v1/staff/recipients/{}", pool.recipient_id);
    let shown = desk.legal.gets(&path).await.json();
    app.advance(TimeDelta::minutes(1));
    let mut entry = company("A harmless name");
    entry["partner_client_id"] = shown["partner_client_id"].clone();
    entry["package_key"] = shown["package_key"].clone();
    assert_eq!(desk.legal.sends(Method::PUT, &path, Some(&entry)).await.status, 200);
    let stale = desk.tries_to_approve(&desk.legal, &reviewed).await;
    assert_eq!(stale.problem(), (412, "stale_version".to_owned()));
    assert_eq!(request_of(&ada).await["recipient"]["name"], "Harbour Pool", "as it was asked");
    assert_eq!(answers(&ada, true).await.problem().1, "consent_request_closed");
}

#[tokio::test]
async fn the_log_of_the_person_shows_the_recipient_as_it_was() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let pool = desk.partner(&app, company("Harbour Pool")).await;
    let id = desk.discloses(&ada, &pool, &json!(["email"])).await;
    app.advance(TimeDelta::minutes(1));
    let path = format!("/v1/staff/recipients/{}", pool.recipient_id);
    let renamed = desk.legal.sends(Method::PUT, &path, Some(&company("Ocean Pool"))).await;
    assert_eq!(renamed.status, 200, "{}", renamed.text);
    let entry = ada.gets(&format!("/v1/disclosures/{id}")).await.json();
    assert_eq!(entry["recipient"]["name"], "Harbour Pool");
}
