//! The one error type of the program.
//!
//! What must stay true: a code never changes its meaning, and is the key of its text (`error-<code>` in `texts/`). What
//! goes to a client is code, message and field; details (SQL, paths) go to the log only.

use std::borrow::Cow;

/// Result of every handler and action.
pub type Result<T> = std::result::Result<T, Error>;

/// Something went wrong, or was refused.
#[derive(Clone, Debug)]
pub struct Error {
    /// What kind.
    pub kind: Kind,
    /// The field it concerns.
    pub field: Option<Cow<'static, str>>,
    /// A number for the message: a limit, a waiting time.
    pub limit: Option<i64>,
    /// For the log of the program, never for the client.
    pub detail: Option<String>,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $status:literal $code:literal,)*) => {
        /// Kinds of error with their HTTP status and stable code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind { $($(#[$doc])* $name,)* }
        impl Kind {
            /// Every kind, for the test that each has a text.
            pub const ALL: &'static [Kind] = &[$(Kind::$name,)*];
            /// HTTP status.
            pub fn status(self) -> u16 { match self { $(Kind::$name => $status,)* } }
            /// Stable code.
            pub fn code(self) -> &'static str { match self { $(Kind::$name => $code,)* } }
        }
    };
}

kinds! {
    /// The body is not JSON.
    BadJson = 400 "bad-json",
    /// The body is not a form.
    BadForm = 400 "bad-form",
    /// The request line or a header makes no sense.
    BadRequest = 400 "bad-request",
    /// An option of the address cannot be read.
    BadQuery = 400 "bad-query",
    /// What is asked for would cost too much.
    QueryTooLarge = 400 "query-too-large",
    /// A batch of another node is wrong; the field says how.
    Batch = 400 "batch",
    /// Whoever calls is no peer of this node.
    PeerUnknown = 403 "peer-unknown",
    /// The exchange with a peer is on hold.
    PeerHeld = 409 "peer-held",
    /// A peer cannot be reached.
    PeerAway = 503 "peer-away",
    /// A peer did not take what it was given.
    PeerRefused = 502 "peer-refused",
    /// The node is a peer already, or has a level above.
    PeerTwice = 409 "peer-twice",
    /// The node has not said which area it serves.
    NodeUnnamed = 409 "node-unnamed",
    /// An invitation, or its answer, was changed on the way.
    Invitation = 422 "invitation",
    /// An invitation was used, or is too old.
    InvitationOver = 409 "invitation-over",
    /// No sealed file, or a damaged one.
    SealedFile = 422 "sealed-file",
    /// A sealed file for another node.
    SealedOther = 422 "sealed-other",
    /// Nobody is signed in.
    SignIn = 401 "sign-in",
    /// The key of a program does not exist, was revoked, or is past its day.
    KeyEnded = 401 "key-ended",
    /// The key is not for this.
    KeyPurpose = 403 "key-purpose",
    /// Name or password are wrong.
    WrongPassword = 401 "wrong-password",
    /// The code that came by SMS is wrong, too old, or was tried too often.
    WrongCode = 401 "wrong-code",
    /// There is no such household card, or it was ended.
    WrongCard = 401 "wrong-card",
    /// A rule works only after it was tried with the same settings.
    HealthUntried = 409 "health-untried",
    /// No device has this name and password.
    WrongDevice = 401 "wrong-device",
    /// Whoever lives there no longer agrees to the device.
    ConsentOver = 403 "consent-over",
    /// A device with this name is there.
    DeviceTwice = 409 "device-twice",
    /// What raised the alarm still holds.
    StillRaised = 409 "still-raised",
    /// The case came from an alarm, and nobody has said yet what that was.
    AlarmOpen = 409 "alarm-open",
    /// The code that sets a new password is wrong, too old or used, or there is none for this name.
    WrongOnce = 401 "wrong-once",
    /// The way back from a provider is not the one that this browser went.
    SignOnState = 400 "sign-on-state",
    /// It took too long to come back from a provider.
    SignOnLate = 400 "sign-on-late",
    /// Somebody came back from a provider the same way before.
    SignOnUsed = 409 "sign-on-used",
    /// The provider, or the person there, said no.
    SignOnRefused = 401 "sign-on-refused",
    /// What a provider says is not proved: `field` is what does not fit.
    SignOnToken = 401 "sign-on-token",
    /// What a provider says cannot be read.
    SignOnAnswer = 502 "sign-on-answer",
    /// A provider cannot be reached, is too slow, or too many wait for it.
    SignOnDown = 503 "sign-on-down",
    /// The provider is not sure enough who it is.
    SignOnLevel = 403 "sign-on-level",
    /// The account was closed.
    SignOnClosed = 403 "sign-on-closed",
    /// Nobody with these roles signs in this way.
    SignOnRole = 403 "sign-on-role",
    /// No account is tied to this person at the provider, and none comes to be.
    SignOnUnknown = 403 "sign-on-unknown",
    /// This person at the provider is tied to another account.
    SignOnTaken = 409 "sign-on-taken",
    /// The account is tied to somebody at this provider already.
    SignOnTwice = 409 "sign-on-twice",
    /// Not tied: the sign-in is too long ago, or was by a card.
    SignOnFresh = 403 "sign-on-fresh",
    /// Not tied: the sign-in carries less than what is tied would open.
    SignOnWeak = 403 "sign-on-weak",
    /// It is the only way in.
    SignOnLast = 409 "sign-on-last",
    /// This person may not do this.
    Denied = 403 "denied",
    /// The request came from another site.
    ForeignOrigin = 403 "foreign-origin",
    /// There is no such thing, or not for this person.
    NotFound = 404 "not-found",
    /// No form on paper bears this number: misread, or not printed here.
    WrongSerial = 404 "wrong-serial",
    /// The form was printed for another desk.
    ForeignSerial = 403 "foreign-serial",
    /// The form was printed and then withdrawn.
    VoidSerial = 409 "void-serial",
    /// No ballot has this number and code.
    WrongBallot = 404 "wrong-ballot",
    /// More candidates than there are seats.
    TooManyChosen = 422 "too-many-chosen",
    /// The vote is not open yet.
    NotOpen = 409 "not-open",
    /// The vote is over.
    VoteClosed = 409 "vote-closed",
    /// The register knows nobody there who could stand on a roll.
    RegisterEmpty = 409 "register-empty",
    /// The roll of the vote was not posted.
    RollNotPosted = 409 "roll-not-posted",
    /// Objections to the roll are still taken, or were not answered.
    RollObjections = 409 "roll-objections",
    /// The place has a system of its own for votes over the internet.
    OtherSystem = 409 "other-system",
    /// A ballot in somebody's own hand stands before what he is said to have told.
    AlreadyVoted = 409 "already-voted",
    /// What this unit is used for is not counted in this vote.
    NotCounted = 409 "not-counted",
    /// Whoever keyed a paper does not key it again.
    SameKeyer = 409 "same-keyer",
    /// The node does not know who this is: no number or identity was proved.
    NotKnown = 403 "not-known",
    /// Nobody talks among neighbours without a name.
    NoNick = 409 "no-nick",
    /// This is no name.
    NickUnfit = 422 "nick-unfit",
    /// The name looks like an office's.
    NickOffice = 409 "nick-office",
    /// The name looks like another's.
    NickTaken = 409 "nick-taken",
    /// The name was changed too lately; `limit` days.
    NickEarly = 409 "nick-early",
    /// It is not certain in which building he lives.
    NoBuilding = 409 "no-building",
    /// So much and no more, in a day or at a time.
    DailyLimit = 409 "daily-limit",
    /// The same was said a moment ago.
    SaidBefore = 409 "said-before",
    /// Too many links.
    TooManyLinks = 422 "too-many-links",
    /// Whoever decided does not decide about the appeal.
    SameJudge = 403 "same-judge",
    /// Whoever is near to a side does not mediate.
    Conflict = 409 "conflict",
    /// The check digit of a unified social credit code is wrong.
    BadUscc = 422 "bad-uscc",
    /// The organisation works here, or asked to.
    PartnerTwice = 409 "partner-twice",
    /// A certificate is past its day.
    PaperExpired = 422 "paper-expired",
    /// A certificate is needed; the field is its kind.
    PaperMissing = 422 "paper-missing",
    /// Somebody has to answer for the organisation: its last member stays.
    LastMember = 409 "last-member",
    /// Nobody decides about his own organisation.
    OwnOrganisation = 403 "own-organisation",
    /// The organisation may take on nothing new: it was suspended, or a certificate ended.
    NotInStanding = 403 "not-in-standing",
    /// The roll has mistakes.
    BadRoll = 422 "bad-roll",
    /// It concerns another area than the person's own.
    OtherArea = 403 "other-area",
    /// Whoever has not answered is not shown what others answered; `limit` answers are missing.
    AnswerFirst = 403 "answer-first",
    /// Something has no answer yet; `limit` things.
    Undecided = 409 "undecided",
    /// The time to take part is over.
    Over = 409 "over",
    /// Somebody said the same already.
    SaidAlready = 409 "said-already",
    /// A step of a consultation was skipped; the field is the one that is waited for.
    StepSkipped = 409 "step-skipped",
    /// Seats that the rules ask for are missing; the field is their kind, `limit` how many.
    SeatsMissing = 422 "seats-missing",
    /// The residents were drawn, or a draw was announced.
    AlreadyDrawn = 409 "already-drawn",
    /// No seat has this code.
    WrongSeat = 404 "wrong-seat",
    /// Somebody else sits there, or this person in another seat.
    SeatTaken = 409 "seat-taken",
    /// So many forms of coming together are needed: `limit`.
    FormsMissing = 422 "forms-missing",
    /// The agenda was posted: it stands still.
    AgendaFrozen = 409 "agenda-frozen",
    /// It is to be posted `limit` days before.
    NoticeShort = 422 "notice-short",
    /// What was not posted is not decided.
    NotOnAgenda = 422 "not-on-agenda",
    /// No round goes on.
    RoundClosed = 409 "round-closed",
    /// Round `limit` is not over.
    RoundOpen = 409 "round-open",
    /// Too few of the seats took part.
    NoQuorum = 409 "no-quorum",
    /// Nobody said what he thinks of item `limit`.
    ViewsMissing = 409 "views-missing",
    /// This person appraised it already.
    Appraised = 409 "appraised",
    /// The case gets on: there is nothing to consult about.
    NotStuck = 409 "not-stuck",
    /// The case is in a consultation already.
    InConsultation = 409 "in-consultation",
    /// Whoever offers may not go; the field is why.
    NotFit = 409 "not-fit",
    /// There is not so much of it; `limit` is what there is.
    StockShort = 409 "stock-short",
    /// More than was asked for; `limit` is what is missing.
    NeedOver = 409 "need-over",
    /// There are not enough hours; `limit` minutes are left.
    HoursShort = 409 "hours-short",
    /// Nobody has more hours than that; `limit` minutes more fit.
    HoursFull = 409 "hours-full",
    /// All seats of a moment are taken.
    SlotFull = 409 "slot-full",
    /// Somebody still holds papers of whom he acts for.
    PapersHeld = 409 "papers-held",
    /// Somebody works for one of those he decides about.
    Tied = 409 "tied",
    /// Too few bids came in.
    BidsMissing = 409 "bids-missing",
    /// Not everybody who scores has scored everything.
    ScoresMissing = 409 "scores-missing",
    /// The path knows other methods.
    Method = 405 "method",
    /// The case does not allow it now.
    State = 409 "state",
    /// Somebody else changed it since the person looked.
    Changed = 409 "changed",
    /// No emergency is declared: nobody reports in.
    NoEmergency = 409 "no-emergency",
    /// The piece does not begin where the upload ends.
    WrongOffset = 409 "wrong-offset",
    /// This device was cut off.
    CutOff = 409 "cut-off",
    /// A ruling named this handler: it cannot hand back.
    Ruled = 409 "ruled",
    /// Whoever should do it is away and has no substitute.
    Away = 409 "away",
    /// Leave was entered for this time already.
    Overlaps = 409 "overlaps",
    /// Parts of the case are not settled yet.
    TasksOpen = 409 "tasks-open",
    /// Others reported it too.
    Shared = 409 "shared",
    /// It was extended before.
    Extended = 409 "extended",
    /// The time for it has passed.
    TooLate = 409 "too-late",
    /// Only what is settled can be called solved.
    NotSettled = 409 "not-settled",
    /// What is handed down to a community must have been admitted.
    NotAdmitted = 409 "not-admitted",
    /// Somebody is held already under this number.
    Held = 409 "held",
    /// A form asks for `limit` things that are held.
    AlreadyHeld = 409 "already-held",
    /// Another organisation collects this element in that place; the field is the element.
    LeadTaken = 409 "lead-taken",
    /// A form of ours asks for what another organisation collects, and does not say why.
    HeldElsewhere = 409 "held-elsewhere",
    /// What it holds is not shared so widely.
    NotShareable = 422 "not-shareable",
    /// A field keeps its kind, its grade, and whether it tells rows apart.
    FieldChanged = 422 "field-changed",
    /// What comes in was made for another version of the fields; `limit` is the one that holds.
    SchemaUnknown = 422 "schema-unknown",
    /// Nothing was granted for this, or no longer.
    NotGranted = 403 "not-granted",
    /// This network is none that may be called.
    AddressClosed = 422 "address-closed",
    /// The purpose does not cover this element.
    NotForPurpose = 422 "not-for-purpose",
    /// A placeholder of the workbook means nothing; the field names it.
    BadPlaceholder = 422 "bad-placeholder",
    /// Two different valid identity numbers are two people.
    TwoNumbers = 409 "two-numbers",
    /// For somebody under fourteen the guardian has to agree.
    Guardian = 422 "guardian",
    /// For what the register is read was not said yet.
    Purpose = 409 "purpose",
    /// The name is taken.
    Taken = 409 "taken",
    /// Set-up was done before.
    SetUpDone = 409 "set-up-done",
    /// Another version of the protocol is spoken here.
    WrongVersion = 412 "wrong-version",
    /// The body is too large.
    TooLarge = 413 "too-large",
    /// The address of the request is too long.
    UriTooLong = 414 "uri-too-long",
    /// This kind of content is not understood here.
    ContentType = 415 "content-type",
    /// The file is no picture or recording that we can read.
    BadMedia = 415 "bad-media",
    /// A field is missing.
    Missing = 422 "missing",
    /// A field is of the wrong kind.
    WrongType = 422 "wrong-type",
    /// A field is too long; `limit` characters are allowed.
    TooLong = 422 "too-long",
    /// A number is out of range.
    OutOfRange = 422 "out-of-range",
    /// Somebody wants to be called or written to, and the number cannot be.
    NoNumber = 422 "no-number",
    /// The last day of something is before its first.
    LastDay = 422 "last-day",
    /// The value is none of those that exist.
    Unknown = 422 "unknown-value",
    /// Text, photo or voice: one is needed.
    Empty = 422 "empty-report",
    /// This class of case needs a picture here.
    Evidence = 422 "evidence",
    /// Too many items; `limit` are allowed.
    TooMany = 422 "too-many",
    /// The password is too weak.
    WeakPassword = 422 "weak-password",
    /// The key was used for another request.
    KeyReused = 422 "key-reused",
    /// The table of working days has a mistake in line `limit`.
    BadCalendar = 422 "bad-calendar",
    /// The workbook cannot be read, or unpacks to too much.
    BadWorkbook = 422 "bad-workbook",
    /// Line `limit` of a text cannot be read.
    BadLine = 422 "bad-line",
    /// The package of services cannot be read.
    BadPackage = 422 "bad-package",
    /// The table cannot be read.
    BadTable = 422 "bad-table",
    /// The mapping file does not fit.
    BadMap = 422 "bad-map",
    /// The catalogue has mistakes; they are listed beside it.
    BadPack = 422 "bad-pack",
    /// The routing table has mistakes or holes; they are listed beside it.
    BadRouting = 422 "bad-routing",
    /// The GeoJSON cannot be read.
    BadGeojson = 422 "bad-geojson",
    /// Outlines of grids overlap or leave holes; it is all listed beside it.
    BadCut = 422 "bad-cut",
    /// Too many tries; wait `limit` seconds.
    SlowDown = 429 "slow-down",
    /// Too many calls with this key in a minute; wait `limit` seconds.
    KeyMinute = 429 "key-minute",
    /// Too many calls with this key in a day; wait `limit` seconds.
    KeyDay = 429 "key-day",
    /// The program made a mistake.
    Internal = 500 "internal",
    /// Too much to do; wait `limit` seconds.
    Busy = 503 "busy",
    /// The database cannot be reached; nothing was done.
    DatabaseAway = 503 "database-away",
    /// The outcome is unknown; retry with the same key.
    Uncertain = 503 "uncertain",
    /// The disk is full.
    Full = 507 "disk-full",
}

impl Error {
    /// An error with a detail for the log.
    pub fn internal(detail: impl ToString) -> Error {
        Error { detail: Some(detail.to_string()), ..Kind::Internal.into() }
    }

    /// Names the field.
    pub fn field(mut self, field: impl Into<Cow<'static, str>>) -> Error {
        self.field = Some(field.into());
        self
    }

    /// Names the limit.
    pub fn limit(mut self, limit: i64) -> Error {
        self.limit = Some(limit);
        self
    }
}

impl From<Kind> for Error {
    fn from(kind: Kind) -> Error {
        Error { kind, field: None, limit: None, detail: None }
    }
}

impl Kind {
    /// This kind, about a field.
    pub fn at(self, field: impl Into<Cow<'static, str>>) -> Error {
        Error::from(self).field(field)
    }
}

impl From<store::Error> for Error {
    fn from(e: store::Error) -> Error {
        let kind = match &e {
            store::Error::Busy => Kind::Busy,
            store::Error::Unknown(_) => Kind::Uncertain,
            store::Error::Full => Kind::Full,
            store::Error::KeyReused => Kind::KeyReused,
            store::Error::Timeout => Kind::Busy,
            store::Error::Away(_) => Kind::DatabaseAway,
            _ => Kind::Internal,
        };
        let limit = matches!(kind, Kind::Busy | Kind::DatabaseAway | Kind::Uncertain | Kind::Full).then_some(2);
        Error { kind, field: None, limit, detail: Some(e.to_string()) }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{}", self.kind.code())?;
        if let Some(field) = &self.field {
            write!(f, " at {field}")?;
        }
        if let Some(detail) = &self.detail {
            write!(f, ": {detail}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
