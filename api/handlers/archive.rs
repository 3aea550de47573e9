//! What an archive for a person is made from: each list that the person reads over HTTP, row by row as it stands there, and
//! what is held beside these.

use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

use super::views::{
    AccessLogEntryView, AccessLogPageView, AccountChangePage, AccountChangeView, AccountSecurityView,
    AccountView, ConsentEventPageView, ConsentEventView, ConsentOverviewView, ConsentRequestPageView,
    ConsentRequestView, ConsentView, DisclosureLogEntryView, DisclosureLogPageView, KycDocumentView, KycView,
    NoticePageView, NoticeView, ObligationPageView, ObligationView, OwnTransferListView, OwnTransferView,
    PolicyDecisionPageView, PolicyDecisionView, RightsRequestPageView, RightsRequestView,
    SupportCaseWithMessagesView,
};
use crate::{
    domain::ids::AccountId,
    server::Services,
    services::{
        kyc::KycError,
        rights::archive::{
            BanRow, Contents, ContentsError, DataConfirmationRow, DeviceChoiceRow, DeviceRow, HELD,
            LogEntryRow, PictureOf, Reading, SignInRow, Table, TablePage,
        },
        support::Author,
    },
};

/// How many rows are read at a time.
const PAGE: u32 = 500;

const fn table(name: &'static str, title: &'static str, is_portable: bool) -> Table {
    Table { name, title, is_portable }
}

/// The tables that the person reads.
const TABLES: &[Table] = &[
    table("account", "Your account", true),
    table("account_changes", "Changes of your account", true),
    table("account_security", "How your account is kept", false),
    table("consents", "Your consents", true),
    table("consent_events", "How your consents came to stand", true),
    table("policy_decisions", "Your answers to the privacy policy", true),
    table("notices", "Notices", false),
    table("verification", "The verification of your identity", true),
    table("verification_documents", "Documents", true),
    table("disclosures", "Who got what about you", false),
    table("consent_requests", "What you were asked before disclosures", false),
    table("transfers", "Transfers to a buyer of the company", false),
    table("obligations", "What those who got your data have to do", false),
    table("access_log", "Who of the staff opened your data", false),
    table("support_cases", "Your cases with the support", true),
    table("rights_requests", "Your rights requests", true),
];

/// Reads the contents of archives as their persons would.
#[derive(Clone)]
pub struct PersonalContents {
    services: Services,
}

/// A definition of the schema that rows of a table keep to, and those that it refers to.
fn define<T: ToSchema + PartialSchema>(name: &str, definitions: &mut Map<String, Value>) {
    let mut others: Vec<(String, RefOr<Schema>)> = Vec::new();
    T::schemas(&mut others);
    let own = std::iter::once((name.to_owned(), T::schema()));
    for (name, schema) in own.chain(others) {
        let mut schema = serde_json::to_value(schema).unwrap_or_default();
        refer_here(&mut schema);
        definitions.insert(name, schema);
    }
}

/// Components of the contract are definitions of the archive's own schema.
fn refer_here(node: &mut Value) {
    match node {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(target) if name == "$ref" => {
                        *target = target.replace("#/components/schemas/", "#/$defs/");
                    }
                    other => refer_here(other),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(refer_here),
        _ => {}
    }
}

fn row<T: Serialize>(row: &T) -> Result<Value, ContentsError> {
    Ok(serde_json::to_value(row)?)
}

fn rows<T: Serialize>(rows: &[T]) -> Result<Vec<Value>, ContentsError> {
    rows.iter().map(row).collect()
}

/// A table of one row.
fn only<T: Serialize>(one: &T) -> Result<TablePage, ContentsError> {
    Ok((vec![row(one)?], None))
}

fn some<T: Serialize>(data: &[T], next: Option<String>) -> Result<TablePage, ContentsError> {
    Ok((rows(data)?, next))
}

impl PersonalContents {
    pub const fn new(services: Services) -> Self {
        Self { services }
    }

    async fn read(
        &self,
        table: &'static str,
        owner: AccountId,
        cursor: Option<String>,
    ) -> Result<TablePage, ContentsError> {
        let (of, at) = (&self.services, cursor.as_deref());
        match table {
            "account" => {
                let security = of.accounts.security(owner).await?;
                only(&AccountView::new(of.accounts.profile(owner).await?, security.standing.state))
            }
            "account_changes" => {
                let page = AccountChangePage::new(of.accounts.changes(owner, at, PAGE).await?);
                some(&page.data, page.next_cursor)
            }
            "account_security" => only(&AccountSecurityView::new(&of.accounts.security(owner).await?)),
            "consents" => {
                let overview = ConsentOverviewView::new(&of.consents.overview(owner).await?);
                some(&overview.consents, None)
            }
            "consent_events" => {
                let page = ConsentEventPageView::new(&of.consents.events(owner, at, PAGE).await?);
                some(&page.data, page.next_cursor)
            }
            "policy_decisions" => {
                let page = PolicyDecisionPageView::new(&of.consents.decisions(owner, at, PAGE).await?);
                some(&page.data, page.next_cursor)
            }
            "notices" => {
                let page = NoticePageView::new(&of.notices.list(owner, at, PAGE).await?);
                some(&page.data, page.next_cursor)
            }
            "verification" => only(&KycView::from(&of.kyc.overview(owner).await?)),
            "verification_documents" => {
                let mut documents = Vec::new();
                for id in of.kyc.document_ids(owner).await? {
                    match of.kyc.document(owner, id).await {
                        Ok(document) => documents.push(row(&KycDocumentView::from(&document))?),
                        // Its key was destroyed meanwhile.
                        Err(KycError::NotFound) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                Ok((documents, None))
            }
            _ => self.read_disclosed(table, owner, cursor).await,
        }
    }

    async fn read_disclosed(
        &self,
        table: &'static str,
        owner: AccountId,
        cursor: Option<String>,
    ) -> Result<TablePage, ContentsError> {
        let (of, at) = (&self.services, cursor.as_deref());
        match table {
            "disclosures" => {
                let page = DisclosureLogPageView::from(of.disclosures.own(owner, at, PAGE).await?);
                some(&page.data, page.next_cursor)
            }
            "consent_requests" => {
                let asked = of.disclosures.consent_requests(owner, at, PAGE).await?;
                let page = ConsentRequestPageView::from(asked);
                some(&page.data, page.next_cursor)
            }
            "transfers" => {
                let list = OwnTransferListView::new(&of.disclosures.own_transfers(owner).await?);
                some(&list.transfers, None)
            }
            "obligations" => {
                let page = ObligationPageView::from(of.obligations.own(owner, at, PAGE).await?);
                some(&page.data, page.next_cursor)
            }
            "access_log" => {
                let page = AccessLogPageView::new(of.staff.access_log(owner, at, PAGE).await?);
                some(&page.data, page.next_cursor)
            }
            "support_cases" => {
                let page = of.support.list(owner, at, PAGE).await?;
                let mut cases = Vec::new();
                for case in &page.cases {
                    let whole = of.support.get(Author::Person(owner), case.id).await?;
                    cases.push(row(&SupportCaseWithMessagesView::from(&whole))?);
                }
                Ok((cases, page.next_cursor))
            }
            "rights_requests" => {
                let page = RightsRequestPageView::from(of.rights.list(owner, at, PAGE).await?);
                some(&page.data, page.next_cursor)
            }
            _ => Ok(of.rights.held(table, owner, cursor).await?),
        }
    }
}

impl Contents for PersonalContents {
    fn tables(&self) -> Vec<Table> {
        [TABLES, HELD].concat()
    }

    fn schema(&self) -> Value {
        let mut definitions = Map::new();
        let of = &mut definitions;
        define::<AccountView>("account", of);
        define::<AccountChangeView>("account_changes", of);
        define::<AccountSecurityView>("account_security", of);
        define::<ConsentView>("consents", of);
        define::<ConsentEventView>("consent_events", of);
        define::<PolicyDecisionView>("policy_decisions", of);
        define::<NoticeView>("notices", of);
        define::<KycView>("verification", of);
        define::<KycDocumentView>("verification_documents", of);
        define::<DisclosureLogEntryView>("disclosures", of);
        define::<ConsentRequestView>("consent_requests", of);
        define::<OwnTransferView>("transfers", of);
        define::<ObligationView>("obligations", of);
        define::<AccessLogEntryView>("access_log", of);
        define::<SupportCaseWithMessagesView>("support_cases", of);
        define::<RightsRequestView>("rights_requests", of);
        define::<SignInRow>("sign_ins", of);
        define::<DeviceRow>("devices", of);
        define::<DeviceChoiceRow>("device_choices", of);
        define::<DataConfirmationRow>("data_confirmations", of);
        define::<BanRow>("bans", of);
        define::<LogEntryRow>("log_entries", of);
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Rows of the tables: an entry of data/X.json is as $defs/X says",
            "$defs": definitions,
        })
    }

    fn page(&self, table: &'static str, owner: AccountId, cursor: Option<String>) -> Reading<'_, TablePage> {
        Box::pin(self.read(table, owner, cursor))
    }

    fn pictures(&self, owner: AccountId) -> Reading<'_, Vec<PictureOf>> {
        Box::pin(async move {
            let mut pictures = Vec::new();
            for id in self.services.kyc.document_ids(owner).await? {
                match self.services.kyc.document(owner, id).await {
                    Ok(document) => {
                        pictures.extend(document.files.iter().map(|file| PictureOf::Document(id, file.side)));
                    }
                    Err(KycError::NotFound) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            let evidence = self.services.rights.evidence_ids(owner).await?;
            pictures.extend(evidence.into_iter().map(|(request, id)| PictureOf::Evidence(request, id)));
            Ok(pictures)
        })
    }

    fn picture(&self, owner: AccountId, of: PictureOf) -> Reading<'_, Vec<u8>> {
        Box::pin(async move {
            Ok(match of {
                PictureOf::Document(document, side) => {
                    self.services.kyc.image(owner, document, side).await?.jpeg.to_vec()
                }
                PictureOf::Evidence(request, document) => {
                    self.services.rights.evidence(owner, (request, document)).await?.to_vec()
                }
            })
        })
    }
}
