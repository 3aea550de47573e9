//! What must not be known is not in the size of the log either: how it grows is public, and the same whether or not
//! there is something to keep quiet about.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use smart_mining::domain::{
    disclosure::limit::{LimitKind, LimitScope},
    ids::AccountId,
    purpose::PersonalDataClass,
};

use crate::{
    orders::goes_to_court,
    support::{App, Desk, Person, company},
    transfers::jobs,
};

const EMAIL: &str = "ada@example.org";
const UNTIL: &str = "2026-04-01T00:00:00Z";

fn leaves(app: &App) -> i64 {
    app.database.number("SELECT count(*) AS n FROM log_leaves")
}

/// By how much the log grows with each thing that a person does.
async fn growth(app: &App, person: &Person) -> Vec<i64> {
    let limits = crate::disclosures::limits(app).await;
    let owner: AccountId = person.account_id.parse().unwrap();
    let mut sizes = vec![leaves(app)];
    let renamed = person.changes_profile(json!({ "real_name": "Somebody Else" })).await;
    assert_eq!(renamed.status, 200, "{}", renamed.text);
    sizes.push(leaves(app));
    let data_class = Some(PersonalDataClass::Contact);
    let scope = LimitScope { kind: LimitKind::Restriction, purpose: None, data_class };
    let begun = limits.begin(owner, scope).await.unwrap();
    sizes.push(leaves(app));
    limits.end(owner, begun.id).await.unwrap();
    sizes.push(leaves(app));
    for granted in [false, true] {
        assert_eq!(person.decides("compelled_disclosure", granted).await.status, 200);
        sizes.push(leaves(app));
    }
    assert_eq!(person.answers_policy(false).await.status, 201);
    sizes.push(leaves(app));
    sizes.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[tokio::test]
async fn the_log_grows_by_as_much_whether_or_not_something_is_kept_from_the_person() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let bob = app.person("bob@example.org").await;
    let court = goes_to_court(&app, &desk, &ada, UNTIL).await;
    let with = growth(&app, &ada).await;
    let without = growth(&app, &bob).await;
    assert_eq!(with, without);
    assert_eq!(
        with,
        [2, 2, 1, 1, 1, 1],
        "what was done, and once that recipients were told, if there are any"
    );
    assert_eq!(desk.sees(&court).await["disclosure"]["state"], "released", "it ends at an hour of its own");
    assert_eq!(app.database.number("SELECT count(*) AS n FROM obligations"), 1);
    crate::log::verifies(&app).await;
}

/// Takes back what a disclosure rests on, and agrees again.
async fn thinks_twice(ada: &Person) {
    for granted in [false, true] {
        assert_eq!(ada.decides("compelled_disclosure", granted).await.status, 200);
    }
}

async fn steps(desk: &Desk, id: &str) -> Vec<Value> {
    let seen = desk.sees(id).await;
    let steps = seen["steps"].as_array().unwrap().iter().map(|step| step["step"].clone());
    steps.skip_while(|step| step != "released").collect()
}

#[tokio::test]
async fn what_was_taken_back_in_silence_is_not_brought_back_by_agreeing_again() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let (court, order) = desk.court_order(&app, "real_name,email", Some(UNTIL)).await;
    let mut released = Vec::new();
    for _ in 0..3 {
        let draft = json!({
            "account_id": ada.account_id, "recipient_id": court.recipient_id, "instrument_id": order,
            "fields": ["email"],
        });
        let id = desk.submits_as(draft).await;
        desk.approves(&id).await;
        desk.releases(&id).await;
        released.push(id);
    }
    let [pulled, swept, told] = <[String; 3]>::try_from(released).unwrap();
    let jobs = jobs(&app).await;
    assert_eq!(jobs.end_silently_withdrawn(2).await.unwrap(), 0, "nobody took anything back");
    assert_eq!(court.pulls(&app, &pulled).await.status, 201);
    thinks_twice(&ada).await;
    assert_eq!(desk.refusal(&pulled).await, "consent_withdrawn");
    assert_eq!(court.pulls(&app, &pulled).await.status, 410);
    assert_eq!(steps(&desk, &pulled).await, ["released", "pulled", "revoked"]);

    // An end of the silence comes before the job that sweeps what is silent.
    let withdrawal = format!("/v1/staff/instruments/{order}/withdrawal");
    assert_eq!(desk.legal.sends(Method::POST, &withdrawal, None).await.status, 201);
    let silence = format!("/v1/staff/disclosures/{told}/silence");
    assert_eq!(desk.legal.sends(Method::DELETE, &silence, None).await.status, 200);
    assert_eq!(steps(&desk, &told).await, ["released", "revoked", "told"]);

    assert_eq!(jobs.end_silently_withdrawn(1).await.unwrap(), 1);
    assert_eq!(jobs.end_silently_withdrawn(1).await.unwrap(), 0);
    assert_eq!(steps(&desk, &swept).await, ["released", "revoked"]);
    assert_eq!(ada.gets(&format!("/v1/disclosures/{swept}")).await.status, 404);

    // A release of later rests on what stands now.
    let (court, order) = desk.court_order(&app, "email", Some(UNTIL)).await;
    let draft = json!({
        "account_id": ada.account_id, "recipient_id": court.recipient_id, "instrument_id": order, "fields": ["email"],
    });
    let id = desk.submits_as(draft).await;
    desk.approves(&id).await;
    desk.releases(&id).await;
    assert_eq!(jobs.end_silently_withdrawn(1).await.unwrap(), 0);
    assert_eq!(court.pulls(&app, &id).await.status, 201);
    crate::log::verifies(&app).await;
}

#[tokio::test]
async fn a_refused_policy_ends_in_silence_too_and_is_told_when_the_silence_is_over() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let id = goes_to_court(&app, &desk, &ada, UNTIL).await;
    let cookie = ada.cookie.clone();
    assert_eq!(ada.answers_policy(false).await.status, 201);
    let again = app.signs_in(EMAIL, &cookie).await;
    assert_eq!(again.answers_policy(true).await.status, 201);
    drop((ada, again, desk));
    app.advance(TimeDelta::days(40));
    let app = app.restart().await;
    let jobs = jobs(&app).await;
    while jobs.tell_late(2).await.unwrap() > 0 {}
    let ada = app.signs_in(EMAIL, &cookie).await;
    let entry = ada.gets(&format!("/v1/disclosures/{id}")).await.json();
    let steps: Vec<&Value> = entry["steps"].as_array().unwrap().iter().map(|step| &step["step"]).collect();
    assert_eq!(steps, ["released", "pulled", "revoked", "told"]);
}

#[tokio::test]
async fn many_change_what_one_recipient_fetched_and_nobody_waits_in_vain() {
    let app = App::start().await;
    let desk = app.desk().await;
    let pool = desk.partner(&app, company("Harbour Pool")).await;
    let mut people = Vec::new();
    for number in 0..8 {
        let person = app.person(&format!("p{number}@example.org")).await;
        let id = desk.discloses(&person, &pool, &json!(["real_name"])).await;
        assert_eq!(pool.pulls(&app, &id).await.status, 201);
        people.push(person);
    }
    for round in ["King", "Byron", "Gordon"] {
        let tasks: Vec<_> = people
            .iter()
            .cloned()
            .map(|person| {
                tokio::spawn(async move {
                    person.changes_profile(json!({ "real_name": format!("Ada {round}") })).await.status
                })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap(), 200);
        }
    }
    assert_eq!(app.database.number("SELECT count(*) AS n FROM obligations"), 24);
    crate::log::verifies(&app).await;
}
