//! The one table of problems: slug, status, title. Slugs are for ever; new ones are only added.

use std::fmt::Write as _;

/// Makes an enum whose variants carry what the table says of them.
macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $( $variant:ident = $slug:literal $(/ $status:literal)?, $text:literal; )* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $( #[doc = $text] $variant, )* }

        impl $name {
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )* ];

            /// The stable name on the wire.
            pub const fn slug(self) -> &'static str {
                match self { $( Self::$variant => $slug, )* }
            }

            /// What it means, in English.
            pub const fn text(self) -> &'static str {
                match self { $( Self::$variant => $text, )* }
            }

            codes!(@status $( $variant $(, $status)? ;)*);
        }
    };
    (@status $( $variant:ident, $status:literal ;)*) => {
        /// The HTTP status that it travels under.
        pub const fn status(self) -> u16 {
            match self { $( Self::$variant => $status, )* }
        }
    };
    (@status $( $variant:ident ;)*) => {};
}

codes! {
    /// Why a request was not carried out.
    ProblemCode {
        MalformedJson = "malformed_json" / 400, "The body is not a valid JSON object";
        MalformedRequest = "malformed_request" / 400, "The request is malformed";
        InvalidCursor = "invalid_cursor" / 400, "The cursor does not belong to this list";
        Unauthenticated = "unauthenticated" / 401, "A valid access token is required";
        InvalidCredentials = "invalid_credentials" / 401, "Email and password do not belong together";
        InvalidRefreshToken = "invalid_refresh_token" / 401, "The refresh token is not valid";
        StepUpRequired = "step_up_required" / 403, "Prove once more that it is you";
        RoleRequired = "role_required" / 403, "None of the caller's roles may do this";
        SecondPersonRequired = "second_person_required" / 403, "Somebody else has to do this";
        ScopeRequired = "scope_required" / 403, "None of the token's scopes may do this";
        OriginNotAllowed = "origin_not_allowed" / 403, "This web origin may not use the cookie";
        Blocked = "blocked" / 403, "This network or device is blocked for a while";
        PolicyAcceptanceRequired = "policy_acceptance_required" / 403, "The policy in force is not accepted";
        NotFound = "not_found" / 404, "Not found";
        MethodNotAllowed = "method_not_allowed" / 405, "The method is not allowed here";
        RequestTimeout = "request_timeout" / 408, "The request came too slowly";
        EmailTaken = "email_taken" / 409, "The address belongs to an account";
        PurposeDefinitionSuperseded = "purpose_definition_superseded" / 409, "The purpose is worded otherwise by now";
        PurposeNotByConsent = "purpose_rests_on_no_consent" / 409, "The purpose rests on no consent; object to it instead";
        PolicyDraftExists = "policy_draft_exists" / 409, "There is a draft already";
        PolicyVersionSuperseded = "policy_version_superseded" / 409, "Another policy version is in force";
        MethodNotAvailable = "method_not_available" / 409, "The account does not prove it this way";
        FactorExists = "factor_exists" / 409, "There is such a second factor already";
        NoSecondFactor = "no_second_factor" / 409, "There is no second factor";
        AccountStateConflict = "account_state_conflict" / 409, "The account's state does not allow it";
        StaffEmailTaken = "staff_email_taken" / 409, "The address belongs to a member of staff";
        RoleConflict = "role_conflict" / 409, "Nobody holds both of these roles";
        StaffStateConflict = "staff_state_conflict" / 409, "The state does not allow it";
        SupportCaseConflict = "support_case_conflict" / 409, "The case is closed or full, or one too many";
        KycAlreadyAsked = "kyc_already_asked" / 409, "A verification is asked for already";
        KycNotOpen = "kyc_not_open" / 409, "No verification is open to what the person hands in";
        KycIncomplete = "kyc_incomplete" / 409, "Something is missing or was not accepted";
        KycNotDecidable = "kyc_not_decidable" / 409, "Nobody decides on this verification now";
        KycNotAssigned = "kyc_not_assigned" / 409, "The verification is not assigned to the caller";
        KycNotOpened = "kyc_not_opened" / 409, "The reviewer has not opened what stands now";
        KycRulesFail = "kyc_rules_fail" / 409, "Rules of the policy do not hold";
        KycDocumentExists = "kyc_document_exists" / 409, "A document stands in its place, or one of its kind is there";
        RecipientStateConflict = "recipient_state_conflict" / 409, "The recipient's state does not allow it";
        RecipientHasNoKey = "recipient_has_no_key" / 409, "The recipient has no key that packages are sealed to";
        InstrumentStateConflict = "instrument_state_conflict" / 409, "The order was withdrawn";
        ObligationStateConflict = "obligation_state_conflict" / 409, "It is done, or its recipient says so itself";
        AdvertisementStateConflict = "advertisement_state_conflict" / 409, "The advertisement has ended";
        TransferStateConflict = "transfer_state_conflict" / 409, "The transfer's state does not allow it";
        WebhookStateConflict = "webhook_state_conflict" / 409, "There is no secret or endpoint yet, or the message is on its way";
        RightsRequestStateConflict = "rights_request_state_conflict" / 409, "The request's state does not allow it";
        ArchiveNotReady = "archive_not_ready" / 409, "The archive is not ready yet";
        ProofNotReady = "proof_not_ready" / 409, "The tree of the log has not taken the entry in yet";
        ErasureUnderWay = "erasure_under_way" / 409, "The person asked for the erasure of what this needs";
        VerificationUnderWay = "verification_under_way" / 409, "Somebody looks at a verification that these data are for";
        IdentityNotSeen = "identity_not_seen" / 409, "Whoever decides has to see who asks first";
        NothingToCorrect = "nothing_to_correct" / 409, "Nothing else stands than this";
        EvidenceFull = "evidence_full" / 409, "As many files as a request can have";
        ProofExhausted = "proof_exhausted" / 409, "More proof was asked for often enough";
        CorrectionNotOpened = "correction_not_opened" / 409, "Whoever decides has to look at the correction first";
        RightsRequestDuplicate = "rights_request_duplicate" / 409, "A request about the same holds already";
        DisclosureStateConflict = "disclosure_state_conflict" / 409, "The disclosure's state does not allow it";
        DisclosureRefused = "disclosure_refused" / 409, "Nothing is released without both keys, and with something in the way";
        PullsSpent = "pulls_spent" / 409, "It was given out as often as it may be";
        ConsentRequestClosed = "consent_request_closed" / 409, "It was answered before, or too late, or asks for nothing any more";
        PartnerStateConflict = "partner_state_conflict" / 409, "The client's state does not allow it";
        IdempotencyKeyInUse = "idempotency_key_in_use" / 409, "The first request with this key is under way";
        IdempotencyKeyReused = "idempotency_key_reused" / 409, "The key belongs to another request";
        AlreadyDone = "already_done" / 409, "The request was carried out before";
        RegistrationExpired = "registration_expired" / 410, "There is no live registration";
        ChallengeExpired = "challenge_expired" / 410, "There is no live sign-in challenge";
        ResetExpired = "reset_expired" / 410, "There is no live password reset";
        ChangeExpired = "change_expired" / 410, "There is no live change";
        RightsLinkEnded = "rights_link_ended" / 410, "The link has done its work, or has lapsed";
        ArchiveExpired = "archive_expired" / 410, "The archive is not kept any more";
        EnrolmentExpired = "enrolment_expired" / 410, "There is no live enrolment";
        InvitationExpired = "invitation_expired" / 410, "There is no live invitation";
        LinkExpired = "link_expired" / 410, "The link has done its work or lapsed";
        DisclosureRevoked = "disclosure_revoked" / 410, "What it rested on has ended; nothing of it is given out";
        DisclosureExpired = "disclosure_expired" / 410, "The time to fetch it has passed";
        StaleVersion = "stale_version" / 412, "The state has changed meanwhile";
        BodyTooLarge = "body_too_large" / 413, "The body is too large";
        UnsupportedMediaType = "unsupported_media_type" / 415, "The content type is not supported";
        HostNotAllowed = "host_not_allowed" / 421, "This service does not answer under this name";
        ValidationFailed = "validation_failed" / 422, "The request is understood but not acceptable";
        WrongCode = "wrong_code" / 422, "The code is wrong";
        WrongPassword = "wrong_password" / 422, "The password is wrong";
        AccountRestricted = "account_restricted" / 423, "The account is restricted";
        ProcessingLimited = "processing_limited" / 423, "The person restricted this processing, or objected to it";
        DisclosureHeld = "disclosure_held" / 423, "Something stands in the way for now";
        ReadBudgetExhausted = "read_budget_exhausted" / 429, "The reader's hour is used up";
        TooManyAttempts = "too_many_attempts" / 429, "Too many attempts";
        TooManyRequests = "too_many_requests" / 429, "Too many requests";
        Internal = "internal" / 500, "Something went wrong here";
        TryAgain = "try_again" / 503, "Temporarily unavailable";
    }
}

codes! {
    /// What is wrong with one value.
    FieldCode {
        MissingField = "missing_field", "The field is required.";
        UnknownField = "unknown_field", "There is no such field.";
        DuplicateField = "duplicate_field", "The field stands twice.";
        WrongType = "wrong_type", "The value has the wrong type.";
        InvalidValue = "invalid_value", "The value is not acceptable.";
        OutOfRange = "out_of_range", "The value is too small, too large, too short or too long.";
        UnacceptableCharacter = "unacceptable_character", "The text holds a control character or one that reorders text.";
        InvalidStatement = "invalid_statement", "This is no text of 1 to 1000 characters.";
        CorrectionMismatch = "correction_mismatch", "A correction has exactly one value: that of `field`.";
        NotErasableAlone = "not_erasable_alone", "The service stands on these data, or a law keeps them: they go with the whole account (clause 2.5; GDPR art. 17(3)).";
        InvalidId = "invalid_id", "This is not an identifier of the expected kind.";
        InvalidEmail = "invalid_email", "This is not an email address, or one that imitates another.";
        InvalidPhone = "invalid_phone", "This is not a phone number in E.164 form.";
        InvalidRealName = "invalid_real_name", "This is not a name on one line.";
        InvalidBirthDate = "invalid_birth_date", "This is not a day of birth in the past, as YYYY-MM-DD.";
        InvalidAddressLine = "invalid_address_line", "This is not a line of an address.";
        InvalidPostalCode = "invalid_postal_code", "This is not a postal code.";
        InvalidCity = "invalid_city", "This is not the name of a town.";
        InvalidInstant = "invalid_instant", "This is not an instant in UTC (RFC 3339, ending in Z).";
        InvalidDay = "invalid_day", "This is not a day as YYYY-MM-DD.";
        InvalidPrintedName = "invalid_printed_name", "This is not a name on one line.";
        InvalidDocumentNumber = "invalid_document_number", "This is not the number of a document.";
        InvalidPrintedAddress = "invalid_printed_address", "This is not an address on one line.";
        InvalidZone = "invalid_machine_readable_zone", "These are not the lines of a machine-readable zone (ICAO 9303).";
        ZoneSaysOtherwise = "zone_says_otherwise", "A check digit does not hold, or the zone says something else than what was told.";
        NotOfThisKind = "not_of_this_kind", "A document of this kind has no such thing.";
        IssuerNotTaken = "issuer_not_taken", "The policy takes no such document from such an issuer.";
        DocumentExpired = "document_expired", "The document is not valid any more.";
        DocumentTooOld = "document_too_old", "The document was issued more than three months ago.";
        InTheFuture = "in_the_future", "The day is yet to come.";
        FileFormat = "file_format", "Files are JPEG or PNG, and for a proof of address PDF.";
        FileBroken = "file_broken", "The file does not decode.";
        FileTooLarge = "file_too_large", "A file has at most 10 MiB.";
        FileTooManyPixels = "file_too_many_pixels", "A picture has at most 40 million pixels, and 12,000 on a side.";
        FileTooSmall = "file_too_small", "A picture has at least 200 pixels on each side.";
        FileAnimated = "file_animated", "The file has more than one picture.";
        FileTooManyPages = "file_too_many_pages", "A PDF has at most five pages.";
        FileTooCostly = "file_too_costly", "The file takes more memory or time than a document does.";
        RuleEmailVerified = "rule_email_verified", "The email address is not verified.";
        RulePhoneVerified = "rule_phone_verified", "The phone number is not verified.";
        RuleDetailsGiven = "rule_details_given", "Day of birth and residence are missing.";
        RuleOfAge = "rule_of_age", "The person is not of age on the day of the decision.";
        RuleTwoKinds = "rule_two_kinds", "There are no two identity documents of different kinds.";
        RuleStateIssued = "rule_state_issued", "An identity document was not issued by a state.";
        RuleEverySide = "rule_every_side", "A side of a document is missing.";
        RuleUnexpired = "rule_unexpired", "A document is not valid on the day of the decision.";
        RuleDocumentName = "rule_document_name", "A document bears another name.";
        RuleMachineReadableZone = "rule_machine_readable_zone", "A machine-readable zone does not hold.";
        RuleAddressProof = "rule_address_proof", "There is no proof of address.";
        RuleProofIssuer = "rule_proof_issuer", "The proof of address comes from an issuer that is not taken.";
        RuleProofRecent = "rule_proof_recent", "The proof of address was issued more than three months before it was handed in.";
        RuleProofName = "rule_proof_name", "The proof of address bears another name.";
        RuleProofAddress = "rule_proof_address", "The proof of address bears another address.";
        NeedsVerifiedEmail = "needs_verified_email", "A verified email address is asked for.";
        NeedsVerifiedPhone = "needs_verified_phone", "A verified phone number is asked for.";
        NeedsPersonalDetails = "needs_personal_details", "Day of birth and residence are asked for.";
        NeedsFirstIdentityDocument = "needs_first_identity_document", "A first identity document is asked for.";
        NeedsSecondIdentityDocument = "needs_second_identity_document", "A second identity document is asked for.";
        NeedsAddressProof = "needs_address_proof", "A proof of address is asked for.";
        NotAReviewer = "not_a_reviewer", "This member does not review verifications.";
        NothingToAsk = "nothing_to_ask", "Every account has a verified email address.";
        ItemTwice = "item_twice", "The item stands twice.";
        SaysNotWhy = "says_not_why", "The decision does not say why.";
        RejectsWhatItApproves = "rejects_what_it_approves", "An approval rejects nothing.";
        NotToBeOverridden = "not_to_be_overridden", "No reviewer may find this rule kept.";
        SpecialCategory = "special_category", "The text speaks of a special category of data (clause 1.9).";
        TellsWhoItIs = "tells_who_it_is", "The text tells who the person is, and whoever reads it must not know.";
        RecipientUnfit = "recipient_unfit", "The recipient is not active, or nothing personal ever goes to its class.";
        NotForThisClass = "not_for_this_class", "Recipients of this class are never told this.";
        OutsideTheOrder = "outside_the_order", "The order does not name this.";
        OrderMissing = "order_missing", "It takes an order of this recipient that is in force.";
        CompelledQuestion = "compelled_question", "What is compelled is not asked for.";
        SilentQuestion = "silent_question", "Whoever must not know of it cannot be asked.";
        InvalidPackageKey = "invalid_package_key", "This is not a public key of age (X25519).";
        InvalidPreview = "invalid_preview", "This is not the preview of this request.";
        PreviewExpired = "preview_expired", "The preview has expired; ask for another one.";
        GroundNotForKind = "ground_not_for_kind", "Requests of this kind are not refused on this ground.";
        InvalidWebhookUrl = "invalid_webhook_url", "This is not an https URL at a public address, without credentials and fragment.";
        ClientNotFree = "client_not_free", "There is no such live client, or it fetches for another recipient.";
        ClassIsFixed = "class_is_fixed", "A recipient of another class is another recipient.";
        GateNotReady = "gate_not_ready", "It has not come as far as that, or has ended.";
        GateOutOfTime = "gate_out_of_time", "Its time has passed.";
        GatePullsSpent = "gate_pulls_spent", "It was given out as often as it may be.";
        GateRecipientInactive = "gate_recipient_inactive", "The recipient is not active.";
        GateScopeChanged = "gate_scope_changed", "The recipient is not what was reviewed any more.";
        GateFieldNotAllowed = "gate_field_not_allowed", "The recipient's class is not told this, or not on this kind of consent.";
        GateInstrumentMissing = "gate_instrument_missing", "There is no order.";
        GateInstrumentLapsed = "gate_instrument_lapsed", "The order is not one of this recipient, or not in force.";
        GateOutsideInstrument = "gate_outside_instrument", "The order does not name one of the fields.";
        GateGroundMissing = "gate_ground_missing", "Nobody wrote down what it is for.";
        GateReviewMissing = "gate_review_missing", "The legal team has not approved exactly this.";
        GateSecondReviewMissing = "gate_second_review_missing", "So many persons take two reviewers.";
        GateConsentMissing = "gate_consent_missing", "The person has not agreed.";
        GateConsentWithdrawn = "gate_consent_withdrawn", "The person took the agreement back, or did not give it when asked.";
        GateConsentExpired = "gate_consent_expired", "The person's agreement has lapsed.";
        GatePolicyNotAccepted = "gate_policy_not_accepted", "The person has not accepted the policy in force.";
        GateCrossBorderRefused = "gate_cross_border_refused", "The recipient is abroad, and the person does not agree to that.";
        GateRestricted = "gate_restricted", "The person's data are restricted.";
        GateObjected = "gate_objected", "The person objected.";
        GateSubjectLeaving = "gate_subject_leaving", "The account is on its way out.";
        GateSubjectGone = "gate_subject_gone", "The account has ended.";
        InvalidDisplayName = "invalid_display_name", "This is not a user name on one line.";
        InvalidLanguage = "invalid_language", "This is not a language tag.";
        InvalidTimeZone = "invalid_time_zone", "This is not a time zone of the IANA database.";
        InvalidSupportText = "invalid_support_text", "A message has 1 to 4000 characters.";
        InvalidHash = "invalid_hash", "This is not a SHA-256 in lower-case hexadecimal digits.";
        InvalidCode = "invalid_code", "This is not a code of the expected form.";
        PasswordTooShort = "password_too_short", "A password has at least 12 characters.";
        PasswordTooLong = "password_too_long", "A password has at most 256 characters.";
        PasswordBreached = "password_breached", "This password is on a list of breached passwords.";
        PasswordLikePerson = "password_like_person", "This password is little more than the name or the address.";
        PasswordGuessable = "password_guessable", "This password is easy to guess.";
        PurposeTwice = "purpose_twice", "The purpose stands twice.";
        PurposeNotByConsent = "purpose_not_by_consent", "The purpose does not rest on consent.";
        PurposeNotOfDevices = "purpose_not_of_devices", "The purpose is not asked of devices.";
        NotOneLine = "not_one_line", "The text is empty, too long or not on one line.";
        ClauseWithoutRule = "clause_without_rule", "Nothing says how this clause is kept.";
        ClauseTwice = "clause_twice", "The clause stands twice.";
        ClauseMissing = "clause_missing", "A clause that the service keeps is missing.";
        AggregatesOnly = "aggregates_only", "Recipients of this class get counts alone.";
        NotEditorial = "not_editorial", "What is done with data changes, so the change is material.";
        PurposeMissing = "purpose_missing", "A purpose that cannot be left out is missing.";
        NotOfThisPurpose = "not_of_this_purpose", "The software enforces something else for this purpose.";
        InvalidPeriod = "invalid_period", "This is neither an ISO 8601 duration nor the account's lifetime.";
        NotTheStoragePlaces = "not_the_storage_places", "The countries are not those of the storage places and of the other purposes.";
        NotASet = "not_a_set", "The list is empty or holds something twice.";
        PurposeByPolicy = "purpose_by_policy", "Accepting the policy expresses this purpose; withdraw it afterwards if you wish.";
    }
}

impl FieldCode {
    pub fn find(slug: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.slug() == slug)
    }
}

/// `docs/errors.md`, from the tables above.
pub fn errors_page() -> String {
    let mut page = String::from(
        "# Problems\n\nGenerated from `api/problem/codes.rs` by `just errors`; do not edit.\n\n\
         Every refusal is a problem document (RFC 9457) with one of these codes. The list is open: \
         treat a code that you do not know like its status.\n\n| code | status | meaning |\n|---|---|---|\n",
    );
    for code in ProblemCode::ALL {
        let _ = writeln!(page, "| `{}` | {} | {} |", code.slug(), code.status(), code.text());
    }
    page.push_str("\n## Codes of single values\n\nIn `errors[]`, each with a JSON pointer.\n\n| code | meaning |\n|---|---|\n");
    for code in FieldCode::ALL {
        let _ = writeln!(page, "| `{}` | {} |", code.slug(), code.text());
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_unique() {
        let mut slugs: Vec<_> = ProblemCode::ALL.iter().map(|code| code.slug()).collect();
        slugs.extend(FieldCode::ALL.iter().map(|code| code.slug()));
        let count = slugs.len();
        slugs.sort_unstable();
        slugs.dedup();
        assert_eq!(slugs.len(), count);
    }
}
