-- Money is in fen, times are seconds since 1970 (UTC), days are those of Beijing.
-- The same tables as in ../sqlite: a change goes into both.

CREATE TABLE orders (
    out_trade_no   TEXT PRIMARY KEY,
    -- Who knows it may see the order: the address of its page.
    token          TEXT NOT NULL UNIQUE,
    goods          TEXT NOT NULL,
    quantity       BIGINT NOT NULL CHECK (quantity > 0),
    total          BIGINT NOT NULL CHECK (total > 0),
    state          TEXT NOT NULL CHECK (state IN ('PLACED', 'PAYING', 'PAID', 'CLOSED', 'HELD')),
    code_url       TEXT,
    transaction_id TEXT UNIQUE,
    paid           BIGINT NOT NULL DEFAULT 0 CHECK (paid IN (0, total)),
    paid_at        BIGINT,
    -- What refunds have taken or hold; kept by the triggers below.
    refunded       BIGINT NOT NULL DEFAULT 0 CHECK (refunded BETWEEN 0 AND paid),
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    CHECK ((state = 'PAID') = (paid = total)),
    CHECK (state <> 'PAID' OR (transaction_id IS NOT NULL AND paid_at IS NOT NULL))
);

CREATE INDEX orders_created_at ON orders (created_at);
CREATE INDEX orders_paid_at ON orders (paid_at);

CREATE TABLE refunds (
    out_refund_no TEXT PRIMARY KEY,
    out_trade_no  TEXT NOT NULL REFERENCES orders,
    amount        BIGINT NOT NULL CHECK (amount > 0),
    reason        TEXT NOT NULL,
    state         TEXT NOT NULL
        CHECK (state IN ('RESERVED', 'PROCESSING', 'ABNORMAL', 'SUCCESS', 'CLOSED', 'REFUSED')),
    refund_id     TEXT UNIQUE,
    created_at    BIGINT NOT NULL,
    -- When WeChat Pay first knew of it, and when it came to an end.
    accepted_at   BIGINT,
    finished_at   BIGINT
);

CREATE INDEX refunds_out_trade_no ON refunds (out_trade_no);
CREATE INDEX refunds_created_at ON refunds (created_at);
CREATE INDEX refunds_accepted_at ON refunds (accepted_at);

-- A refund holds its amount until it is known to have failed. With the CHECK on `refunded`, no
-- program can refund more than was paid, whatever it does.
CREATE FUNCTION refunds_hold() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    change BIGINT := 0;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.amount <> OLD.amount OR NEW.out_trade_no <> OLD.out_trade_no THEN
            RAISE check_violation USING MESSAGE = 'a refund keeps its amount and its order';
        END IF;
        IF OLD.state NOT IN ('CLOSED', 'REFUSED') THEN
            change := -OLD.amount;
        END IF;
    END IF;
    IF NEW.state NOT IN ('CLOSED', 'REFUSED') THEN
        change := change + NEW.amount;
    END IF;
    IF change <> 0 THEN
        UPDATE orders SET refunded = refunded + change WHERE out_trade_no = NEW.out_trade_no;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER refunds_hold AFTER INSERT OR UPDATE ON refunds
FOR EACH ROW EXECUTE FUNCTION refunds_hold();

CREATE TABLE notices (
    id          TEXT PRIMARY KEY,
    kind        TEXT NOT NULL CHECK (kind IN ('PAYMENT', 'REFUND')),
    -- Of the order or the refund.
    number      TEXT NOT NULL,
    -- What was said, as it was verified: `Gateway::read` reads it.
    body        TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    applied_at  BIGINT
);

-- What there is to do, one row for each order, refund, notice or bill that wants something.
CREATE TABLE jobs (
    subject       TEXT NOT NULL CHECK (subject IN ('ORDER', 'REFUND', 'NOTICE', 'BILL')),
    number        TEXT NOT NULL,
    due_at        BIGINT NOT NULL,
    attempts      BIGINT NOT NULL DEFAULT 0,
    -- Nobody else takes it until then; `claim` counts how often it was taken.
    claimed_until BIGINT NOT NULL DEFAULT 0,
    claim         BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (subject, number)
);

CREATE INDEX jobs_due_at ON jobs (due_at);

CREATE TABLE bills (
    day         TEXT PRIMARY KEY CHECK (length(day) = 10),
    state       TEXT NOT NULL CHECK (state IN ('PENDING', 'DONE')),
    payments    BIGINT NOT NULL DEFAULT 0,
    paid        BIGINT NOT NULL DEFAULT 0,
    refunds     BIGINT NOT NULL DEFAULT 0,
    refunded    BIGINT NOT NULL DEFAULT 0,
    finished_at BIGINT
);

-- What does not agree, for a person to look at.
CREATE TABLE differences (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The bill's day; empty for what a notice or an answer said.
    day        TEXT NOT NULL DEFAULT '',
    kind       TEXT NOT NULL,
    number     TEXT NOT NULL,
    detail     TEXT NOT NULL,
    found_at   BIGINT NOT NULL,
    settled_at BIGINT,
    UNIQUE (day, kind, number, detail)
);
