//! Bodies of orders of courts and state bodies.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use validator::Validate;
use zeroize::Zeroizing;

use super::Example;
use crate::{
    domain::{
        disclosure::{Silence, instrument::Instrument, scope::DisclosureField},
        ids::{InstrumentId, RecipientId, StaffId},
        kyc::document::DocumentDay,
        personal::{Personal, PersonalText},
        support::SupportText,
        time::Timestamp,
    },
    handlers::extract::FilePart,
    problem::{FieldCode, Problem},
    services::instruments::{InstrumentPage, NewInstrument, OpenedInstrument},
};

/// An order with its file.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct RegisterInstrument {
    /// The authority that gets what is ordered; a court or a state body.
    pub recipient_id: RecipientId,
    /// Who issued it.
    #[validate(length(min = 1, max = 128))]
    #[schema(min_length = 1, max_length = 128, example = "District Court of Auckland")]
    pub issuer: String,
    /// The number of the case; it rests sealed.
    #[validate(length(min = 1, max = 128))]
    #[schema(min_length = 1, max_length = 128, example = "CIV-2026-404-1234")]
    pub reference: String,
    /// When it was issued, in the years 1900 to 2199.
    #[schema(value_type = String, format = Date, min_length = 10, max_length = 10, example = "2026-02-10")]
    pub issued_on: DocumentDay,
    /// Until when it compels.
    pub valid_until: Timestamp,
    /// What it orders to disclose, separated by commas.
    #[validate(length(min = 1, max = 200))]
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = "^[a-z_]+(,[a-z_]+)*$",
        example = "real_name,email"
    )]
    pub fields: String,
    /// Until when it forbids to tell; at most 366 days.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(nullable = false, required = false)]
    pub gag_until: Option<Timestamp>,
    /// Whom it names, for the data processors who have to find them; it rests sealed.
    #[schema(value_type = String, min_length = 1, max_length = 4000, example = "The holder of the account with the address in the order.")]
    pub named: NamedInOrder,
    /// The order: JPEG, PNG or PDF; 10 MiB, five pages.
    #[schema(value_type = String, format = Binary)]
    pub file: FilePart,
}

/// Whom an order names.
#[derive(Deserialize)]
#[serde(transparent)]
pub struct NamedInOrder(SupportText);

impl RegisterInstrument {
    /// # Errors
    ///
    /// A problem for a field that nobody knows, or that stands twice.
    pub fn into_new(
        self,
        take: impl FnOnce(FilePart) -> Zeroizing<Vec<u8>>,
    ) -> Result<NewInstrument, Problem> {
        let unknown = || Problem::invalid("/fields", FieldCode::InvalidValue);
        let told = DisclosureField::split(&self.fields).ok_or_else(unknown)?;
        let fields = DisclosureField::sorted(told.clone());
        if fields.len() != told.len() {
            return Err(Problem::invalid("/fields", FieldCode::DuplicateField));
        }
        Ok(NewInstrument {
            recipient_id: self.recipient_id,
            issuer: self.issuer,
            reference: PersonalText::new(self.reference),
            issued_on: self.issued_on.0,
            valid_until: self.valid_until,
            fields,
            gag_until: self.gag_until,
            named: PersonalText::of(&self.named.0),
            file: take(self.file),
        })
    }
}

/// An order, without what is sealed.
#[derive(Serialize, ToSchema)]
#[schema(as = Instrument)]
pub struct InstrumentView {
    /// Identifies it.
    pub instrument_id: InstrumentId,
    /// The authority that gets what is ordered.
    pub recipient_id: RecipientId,
    /// Who issued it.
    #[schema(max_length = 128, example = "District Court of Auckland")]
    pub issuer: String,
    /// When it was issued.
    #[schema(value_type = String, format = Date, min_length = 10, max_length = 10, example = "2026-02-10")]
    pub issued_on: DocumentDay,
    /// Until when it compels.
    pub valid_until: Timestamp,
    /// What it orders to disclose.
    #[schema(max_items = 9)]
    pub fields: Vec<DisclosureField>,
    /// Until when it forbids to tell.
    #[schema(required)]
    pub gag_until: Option<Timestamp>,
    /// Who entered it.
    pub registered_by: StaffId,
    /// When.
    pub registered_at: Timestamp,
    /// Since when it compels nothing any more, before its time.
    #[schema(required)]
    pub withdrawn_at: Option<Timestamp>,
}

impl From<&Instrument> for InstrumentView {
    fn from(instrument: &Instrument) -> Self {
        Self {
            instrument_id: instrument.id,
            recipient_id: instrument.recipient_id,
            issuer: instrument.issuer.clone(),
            issued_on: DocumentDay(instrument.issued_on),
            valid_until: instrument.valid_until,
            fields: instrument.fields.clone(),
            gag_until: instrument.gag_until,
            registered_by: instrument.registered_by,
            registered_at: instrument.registered_at,
            withdrawn_at: instrument.withdrawn.map(|end| end.at),
        }
    }
}

/// A page of orders.
#[derive(Serialize, ToSchema)]
#[schema(as = InstrumentPage)]
pub struct InstrumentPageView {
    /// In the order in which they were entered.
    #[schema(max_items = 100)]
    pub data: Vec<InstrumentView>,
    /// Leads to the next page; `null` at the end.
    #[schema(required, max_length = 128, example = json!(null))]
    pub next_cursor: Option<String>,
}

impl From<InstrumentPage> for InstrumentPageView {
    fn from(page: InstrumentPage) -> Self {
        Self {
            data: page.instruments.iter().map(InstrumentView::from).collect(),
            next_cursor: page.next_cursor,
        }
    }
}

/// An order, opened.
#[derive(Serialize, ToSchema)]
#[schema(as = OpenedInstrument)]
pub struct OpenedInstrumentView {
    /// The order.
    pub instrument: InstrumentView,
    /// The number of the case.
    #[schema(max_length = 128, example = "CIV-2026-404-1234")]
    pub reference: String,
    /// Whom it names.
    #[schema(max_length = 4000, example = "The holder of the account with the address in the order.")]
    pub named: String,
}

impl From<&OpenedInstrument> for OpenedInstrumentView {
    fn from(opened: &OpenedInstrument) -> Self {
        Self {
            instrument: InstrumentView::from(&opened.instrument),
            reference: opened.reference.expose().to_owned(),
            named: opened.named.expose().to_owned(),
        }
    }
}

/// Why a person is not told, and until when.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct SilenceDisclosure {
    /// Why the person is not told.
    pub kind: Silence,
    /// Until when; at most 366 days from now, and then the person is told.
    pub until: Timestamp,
}

impl Example for InstrumentView {
    fn example() -> Value {
        json!({
            "instrument_id": "itr_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "recipient_id": "rcp_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "issuer": "District Court of Auckland",
            "issued_on": "2026-02-10",
            "valid_until": "2026-08-10T00:00:00.000000Z",
            "fields": ["real_name", "email"],
            "gag_until": null,
            "registered_by": "stf_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "registered_at": "2026-03-01T09:12:00.000000Z",
            "withdrawn_at": null,
        })
    }
}

impl Example for RegisterInstrument {
    fn example() -> Value {
        json!({
            "recipient_id": "rcp_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "issuer": "District Court of Auckland",
            "reference": "CIV-2026-404-1234",
            "issued_on": "2026-02-10",
            "valid_until": "2026-08-10T00:00:00.000000Z",
            "fields": "real_name,email",
            "named": "The holder of the account with the address in the order.",
            "file": "(the bytes of the file)",
        })
    }
}

impl Example for InstrumentPageView {
    fn example() -> Value {
        json!({ "data": [InstrumentView::example()], "next_cursor": null })
    }
}

impl Example for OpenedInstrumentView {
    fn example() -> Value {
        json!({
            "instrument": InstrumentView::example(),
            "reference": "CIV-2026-404-1234",
            "named": "The holder of the account with the address in the order.",
        })
    }
}

impl Example for SilenceDisclosure {
    fn example() -> Value {
        json!({ "kind": "money_laundering_hold", "until": "2026-06-01T00:00:00.000000Z" })
    }
}
