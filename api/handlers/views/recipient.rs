//! Bodies of the register of recipients.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use validator::Validate;

use super::Example;
use crate::{
    domain::{
        country::Country,
        disclosure::{
            classes::ClassRule,
            recipient::{
                Recipient, RecipientEntry, RecipientEvent, RecipientState, RecipientStep, RecipientTerms,
            },
        },
        ids::{PartnerClientId, RecipientId, StaffId},
        purpose::{Purpose, RecipientClass},
        time::Timestamp,
    },
    problem::{FieldCode, FieldProblem, Problem, ProblemCode},
    services::recipients::{RecipientHistoryPage, RecipientPage},
};

/// A recipient, as it stands in the register.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct WriteRecipient {
    /// What kind of recipient it is; it decides what it may be told. It is never changed.
    pub recipient_class: RecipientClass,
    /// The company or authority.
    #[validate(length(min = 1, max = 128))]
    #[schema(min_length = 1, max_length = 128, example = "Harbour Pool Ltd")]
    pub name: String,
    /// Where it is, and the data will be.
    #[schema(value_type = String, min_length = 2, max_length = 2, pattern = "^[A-Z]{2}$", example = "NZ")]
    pub country: Country,
    /// What that country's law means for the data; needed abroad (clauses 5.4 to 5.6).
    #[serde(default, deserialize_with = "super::present")]
    #[validate(length(min = 1, max = 1000))]
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 1000,
        example = "Privacy Act 2020 of New Zealand."
    )]
    pub country_note: Option<String>,
    /// The agreement, law or order that binds it, by its name and date.
    #[validate(length(min = 1, max = 256))]
    #[schema(min_length = 1, max_length = 256, example = "Data sharing agreement of 1 March 2026")]
    pub agreement: String,
    /// Its own policy; needed outside the group (clause 8).
    #[serde(default, deserialize_with = "super::present")]
    #[validate(url, length(max = 512))]
    #[schema(nullable = false, format = "uri", max_length = 512, example = "https://pool.example/privacy")]
    pub policy_url: Option<String>,
    /// Where the company is written to; a mailbox of an office, not of a person.
    #[validate(length(min = 3, max = 254))]
    #[schema(min_length = 3, max_length = 254, example = "privacy@pool.example")]
    pub contact: String,
    /// What packages are sealed to: a public key of age (X25519).
    #[serde(default, deserialize_with = "super::present")]
    #[schema(
        nullable = false,
        max_length = 100,
        pattern = "^age1[0-9a-z]{58}$",
        example = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
    )]
    pub package_key: Option<String>,
    /// The client that fetches for it; one client fetches for one recipient.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(nullable = false)]
    pub partner_client_id: Option<PartnerClientId>,
}

impl WriteRecipient {
    /// # Errors
    ///
    /// A problem that names every text that is not on one line.
    pub fn into_entry(self) -> Result<RecipientEntry, Problem> {
        let texts = [
            ("/name", Some(&self.name)),
            ("/country_note", self.country_note.as_ref()),
            ("/agreement", Some(&self.agreement)),
            ("/contact", Some(&self.contact)),
        ];
        let errors: Vec<FieldProblem> = texts
            .into_iter()
            .filter(|(_, text)| {
                text.is_some_and(|text| text.trim().is_empty() || text.chars().any(char::is_control))
            })
            .map(|(pointer, _)| FieldProblem { pointer: pointer.to_owned(), code: FieldCode::NotOneLine })
            .collect();
        if !errors.is_empty() {
            return Err(Problem { errors, ..Problem::new(ProblemCode::ValidationFailed) });
        }
        Ok(RecipientEntry {
            terms: RecipientTerms {
                class: self.recipient_class,
                name: self.name,
                country: self.country,
                country_note: self.country_note,
                agreement: self.agreement,
                policy_url: self.policy_url,
            },
            contact: self.contact,
            package_key: self.package_key,
            partner_client_id: self.partner_client_id,
        })
    }
}

/// What is activated.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ActivateRecipient {
    /// The version of the entry that was looked at.
    #[schema(minimum = 1, maximum = 1_000_000, example = 1)]
    pub version: i64,
}

/// What people are told of a recipient.
#[derive(Serialize, ToSchema)]
#[schema(as = Recipient)]
pub struct RecipientView {
    /// Identifies it.
    pub recipient_id: RecipientId,
    /// What kind of recipient it is.
    pub recipient_class: RecipientClass,
    /// The company or authority.
    #[schema(max_length = 128, example = "Harbour Pool Ltd")]
    pub name: String,
    /// Where it is.
    #[schema(value_type = String, min_length = 2, max_length = 2, pattern = "^[A-Z]{2}$", example = "NZ")]
    pub country: Country,
    /// What that country's law means for the data.
    #[schema(required, max_length = 1000, example = json!(null))]
    pub country_note: Option<String>,
    /// Its own policy.
    #[schema(required, max_length = 512, example = "https://pool.example/privacy")]
    pub policy_url: Option<String>,
}

impl From<&Recipient> for RecipientView {
    fn from(recipient: &Recipient) -> Self {
        let terms = &recipient.entry.terms;
        Self {
            recipient_id: recipient.id,
            recipient_class: terms.class,
            name: terms.name.clone(),
            country: terms.country,
            country_note: terms.country_note.clone(),
            policy_url: terms.policy_url.clone(),
        }
    }
}

/// Who may get data in the ordinary course.
#[derive(Serialize, ToSchema)]
#[schema(as = RecipientList)]
pub struct RecipientListView {
    /// By class and name.
    #[schema(max_items = 1000)]
    pub recipients: Vec<RecipientView>,
}

impl RecipientListView {
    pub fn new(recipients: &[Recipient]) -> Self {
        Self { recipients: recipients.iter().map(RecipientView::from).collect() }
    }
}

/// A recipient, as staff sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = StaffRecipient)]
pub struct StaffRecipientView {
    /// Identifies it.
    pub recipient_id: RecipientId,
    /// What kind of recipient it is.
    pub recipient_class: RecipientClass,
    /// The purpose that something may go there for; `null` where nothing personal ever does.
    #[schema(required)]
    pub purpose: Option<Purpose>,
    /// The company or authority.
    #[schema(max_length = 128, example = "Harbour Pool Ltd")]
    pub name: String,
    /// Where it is.
    #[schema(value_type = String, min_length = 2, max_length = 2, pattern = "^[A-Z]{2}$", example = "NZ")]
    pub country: Country,
    /// What that country's law means for the data.
    #[schema(required, max_length = 1000, example = json!(null))]
    pub country_note: Option<String>,
    /// The agreement, law or order that binds it.
    #[schema(max_length = 256, example = "Data sharing agreement of 1 March 2026")]
    pub agreement: String,
    /// Its own policy.
    #[schema(required, max_length = 512, example = "https://pool.example/privacy")]
    pub policy_url: Option<String>,
    /// Where the company is written to.
    #[schema(max_length = 254, example = "privacy@pool.example")]
    pub contact: String,
    /// What packages are sealed to.
    #[schema(
        required,
        max_length = 100,
        example = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
    )]
    pub package_key: Option<String>,
    /// The client that fetches for it.
    #[schema(required)]
    pub partner_client_id: Option<PartnerClientId>,
    /// Whether anything may go there.
    pub state: RecipientState,
    /// Counts what was done to it; `If-Match` names it.
    #[schema(minimum = 1, maximum = 1_000_000, example = 2)]
    pub version: i64,
    /// Who changed it last; somebody else activates it.
    pub changed_by: StaffId,
    /// When it was entered.
    pub registered_at: Timestamp,
    /// When it was changed last.
    pub changed_at: Timestamp,
}

impl From<&Recipient> for StaffRecipientView {
    fn from(recipient: &Recipient) -> Self {
        let RecipientEntry { terms, contact, package_key, partner_client_id } = recipient.entry.clone();
        Self {
            recipient_id: recipient.id,
            purpose: ClassRule::of(terms.class).map(|rule| rule.purpose),
            recipient_class: terms.class,
            name: terms.name,
            country: terms.country,
            country_note: terms.country_note,
            agreement: terms.agreement,
            policy_url: terms.policy_url,
            contact,
            package_key,
            partner_client_id,
            state: recipient.state,
            version: recipient.version,
            changed_by: recipient.changed_by,
            registered_at: recipient.registered_at,
            changed_at: recipient.changed_at,
        }
    }
}

/// A page of recipients.
#[derive(Serialize, ToSchema)]
#[schema(as = StaffRecipientPage)]
pub struct StaffRecipientPageView {
    /// In the order in which they were entered.
    #[schema(max_items = 100)]
    pub data: Vec<StaffRecipientView>,
    /// Leads to the next page; `null` at the end.
    #[schema(required, max_length = 128, example = json!(null))]
    pub next_cursor: Option<String>,
}

impl From<RecipientPage> for StaffRecipientPageView {
    fn from(page: RecipientPage) -> Self {
        Self {
            data: page.recipients.iter().map(StaffRecipientView::from).collect(),
            next_cursor: page.next_cursor,
        }
    }
}

/// One step in the history of a recipient.
#[derive(Serialize, ToSchema)]
#[schema(as = RecipientEvent)]
pub struct RecipientEventView {
    /// Counts the steps.
    #[schema(minimum = 1, maximum = 1_000_000, example = 1)]
    pub number: i64,
    /// What was done.
    pub step: RecipientStep,
    /// Who did it.
    pub staff_id: StaffId,
    /// When.
    pub at: Timestamp,
    /// What it was called since.
    #[schema(max_length = 128, example = "Harbour Pool Ltd")]
    pub name: String,
    /// Where it was since.
    #[schema(value_type = String, min_length = 2, max_length = 2, pattern = "^[A-Z]{2}$", example = "NZ")]
    pub country: Country,
    /// What bound it since.
    #[schema(max_length = 256, example = "Data sharing agreement of 1 March 2026")]
    pub agreement: String,
    /// Its own policy since.
    #[schema(required, max_length = 512, example = "https://pool.example/privacy")]
    pub policy_url: Option<String>,
    /// What packages were sealed to since.
    #[schema(
        required,
        max_length = 100,
        example = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
    )]
    pub package_key: Option<String>,
}

impl From<&RecipientEvent> for RecipientEventView {
    fn from(event: &RecipientEvent) -> Self {
        let entry = event.entry.clone();
        Self {
            number: event.number,
            step: event.step,
            staff_id: event.staff_id,
            at: event.at,
            name: entry.terms.name,
            country: entry.terms.country,
            agreement: entry.terms.agreement,
            policy_url: entry.terms.policy_url,
            package_key: entry.package_key,
        }
    }
}

/// A page of steps.
#[derive(Serialize, ToSchema)]
#[schema(as = RecipientEventPage)]
pub struct RecipientEventPageView {
    /// Newest first.
    #[schema(max_items = 100)]
    pub data: Vec<RecipientEventView>,
    /// Leads to the next page; `null` at the end.
    #[schema(required, max_length = 128, example = json!(null))]
    pub next_cursor: Option<String>,
}

impl From<RecipientHistoryPage> for RecipientEventPageView {
    fn from(page: RecipientHistoryPage) -> Self {
        Self {
            data: page.events.iter().map(RecipientEventView::from).collect(),
            next_cursor: page.next_cursor,
        }
    }
}

impl Example for WriteRecipient {
    fn example() -> Value {
        json!({
            "recipient_class": "group_company",
            "name": "Harbour Pool Ltd",
            "country": "NZ",
            "agreement": "Data sharing agreement of 1 March 2026",
            "contact": "privacy@pool.example",
            "package_key": "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
        })
    }
}

impl Example for ActivateRecipient {
    fn example() -> Value {
        json!({ "version": 1 })
    }
}

impl Example for RecipientView {
    fn example() -> Value {
        json!({
            "recipient_id": "rcp_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "recipient_class": "group_company",
            "name": "Harbour Pool Ltd",
            "country": "NZ",
            "country_note": null,
            "policy_url": null,
        })
    }
}

impl Example for RecipientListView {
    fn example() -> Value {
        json!({ "recipients": [RecipientView::example()] })
    }
}

impl Example for StaffRecipientView {
    fn example() -> Value {
        json!({
            "recipient_id": "rcp_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "recipient_class": "group_company",
            "purpose": "group_sharing",
            "name": "Harbour Pool Ltd",
            "country": "NZ",
            "country_note": null,
            "agreement": "Data sharing agreement of 1 March 2026",
            "policy_url": null,
            "contact": "privacy@pool.example",
            "package_key": "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
            "partner_client_id": "cli_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "state": "active",
            "version": 2,
            "changed_by": "stf_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "registered_at": "2026-03-01T09:12:00.000000Z",
            "changed_at": "2026-03-01T10:40:00.000000Z",
        })
    }
}

impl Example for StaffRecipientPageView {
    fn example() -> Value {
        json!({ "data": [StaffRecipientView::example()], "next_cursor": null })
    }
}

impl Example for RecipientEventPageView {
    fn example() -> Value {
        json!({
            "data": [{
                "number": 1,
                "step": "registered",
                "staff_id": "stf_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
                "at": "2026-03-01T09:12:00.000000Z",
                "name": "Harbour Pool Ltd",
                "country": "NZ",
                "agreement": "Data sharing agreement of 1 March 2026",
                "policy_url": null,
                "package_key": "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
            }],
            "next_cursor": null,
        })
    }
}
