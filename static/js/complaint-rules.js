// The rules of the complaint form where no server may read it: what kiosk/facts/complaints.py and web/complaint_form.py
// say, in the page. What is asked, needed, chosen from and how long it may be comes with the page as data; here stands
// only what takes code. tests/journeys/test_complaint_rules.py holds both sides to the same answers.

/** As Python counts blanks. */
const BLANK = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const CREDIT_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY";
const REQUESTS = /^want_/;

const AMOUNT = /^[0-9]{1,9}(?:\.[0-9]{1,2})?$/;
const PHONE = /^(?:1[3-9][0-9]{9}|0[0-9]{9,11}(?:-[0-9]{1,6})?|[48]00[0-9]{7}(?:-[0-9]{1,6})?)$/;
const PHONE_SHAPES = [
  /^(1[3-9][0-9])-?([0-9]{4})-?([0-9]{4})()$/,
  /^(0[0-9]{2,3})-?([0-9]{3,4})-?([0-9]{4})(?:-([0-9]{1,6}))?$/,
  /^([48]00)-?([0-9]{3})-?([0-9]{4})(?:-([0-9]{1,6}))?$/,
  /^([48]00)-?([0-9]{4})-?([0-9]{3})(?:-([0-9]{1,6}))?$/,
];

// --- what was typed, as it is kept --------------------------------------------------------------------------

/** No control characters, no outer blanks, CRLF as newline. */
export function clean(text) {
  return strip([...text.replace(/\r\n?/g, "\n")].filter((sign) => /[\n\u3000 ]|[^\p{C}\p{Z}]/u.test(sign)).join(""));
}

/** Digits and signs of full width as those of a keyboard. */
function narrow(text) {
  return strip(text.normalize("NFKC"));
}

function tidyCode(text) {
  return without(`${BLANK}-`, narrow(text)).toUpperCase();
}

/** `１，２８０．５０元` → `1280.50`, `1.2万` → `12000`; what is no amount stays as it is. */
function tidyAmount(text) {
  const bare = without(`,，${BLANK}`, narrow(text)).replace(/^(?:[¥￥]|人民币|RMB|CNY)|(?:[元块圆]整?)$/gi, "");
  const tenThousands = /^([0-9]{1,5})(?:\.([0-9]{1,4}))?万$/.exec(bare);
  if (tenThousands) return String(Number(tenThousands[1] + (tenThousands[2] ?? "").padEnd(4, "0")));
  return AMOUNT.test(bare) ? bare : narrow(text);
}

/** As people write it → digits alone, an extension after a hyphen; what is no telephone number stays as it is. */
function tidyPhone(text) {
  let bare = without(`${BLANK}().·`, narrow(text)).replace(/[\u2010-\u2015—－−]/g, "-");
  bare = bare.replace(/-*(?:转|分机|ext|[#x,，])-*/gi, "-");
  const abroad = /^(?:(?:\+|00)86-?(.+)|86-?(1[3-9][0-9-]{9,11}))$/.exec(bare);
  if (abroad) {
    bare = abroad[1] ?? abroad[2];
    bare = /^(?:0|1[3-9][0-9]|[48]00)/.test(bare) ? bare : `0${bare}`;
  }
  for (const shape of PHONE_SHAPES) {
    const found = shape.exec(bare);
    if (found) return found.slice(1, 4).join("") + (found[4] ? `-${found[4]}` : "");
  }
  return clean(text);
}

const TIDY = { clean, narrow, tidy_amount: tidyAmount, tidy_code: tidyCode, tidy_phone: tidyPhone };

/** Every field as it is kept. `form`: what the page was told of the form. */
export function tidied(form, values) {
  return Object.fromEntries(form.steps.flatMap((step) => step.fields).map((field) => [field.name, TIDY[field.tidy](values[field.name] ?? "")]));
}

// --- what is asked, and what is wrong -----------------------------------------------------------------------

/** Whether a condition holds: as it was at first, unless one of the choices that turn it round was made. */
function holds({ first, turns }, values) {
  return first !== turns.some(([name, choice]) => values[name] === choice);
}

/** The screens of a form, as far as what was said tells. */
export function stepsOf(form, values) {
  return form.steps.filter((step) => holds(step.asked, values));
}

const RULES = {
  "": () => true,
  credit_code: isCreditCode,
  is_amount: (text) => AMOUNT.test(text),
  is_past_date: (text, today) => isDate(text) && "1990-01-01" <= text && text <= today,
  is_phone: (text) => PHONE.test(text),
};

/** What is wrong on a screen, of tidied values: field → "missing", "long", "invalid" or "personal". */
export function faultsOf(form, step, values) {
  const found = {};
  for (const field of step.fields.filter((one) => holds(one.asked, values))) {
    const fault = faultOf(field, values, form.today);
    if (fault) found[field.name] = fault;
  }
  return found;
}

function faultOf(field, values, today) {
  const text = values[field.name];
  if (!text) return holds(field.needed, values) ? "missing" : "";
  if ([...text].length > field.longest) return "long";
  if (field.choices.length ? !field.choices.includes(text) : !RULES[field.rule](text, today)) return "invalid";
  return !field.choices.length && field.rule !== "credit_code" && isTold(text) ? "personal" : "";
}

function isDate(text) {
  if (!/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(text)) return false;
  const moment = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(moment.getTime()) && moment.toISOString().startsWith(text);
}

/** The 18th character: 31 divides the sum of values times powers of three. */
function isCreditCode(text) {
  const values = [...text].map((sign) => CREDIT_SIGNS.indexOf(sign));
  if (values.length !== 18 || values.includes(-1)) return false;
  let power = 1;
  let sum = values[17];
  for (const value of values.slice(0, 17)) {
    sum += value * power;
    power = (power * 3) % 31;
  }
  return sum % 31 === 0;
}

const TYPED_RUN = /(?<![0-9A-Z])[0-9](?:[ -]?[0-9]){14,18}(?:[ -]?X)?(?![0-9A-Z])/g;
const DATED = /^[1-9][0-9]{5}(?:18|19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9X]$/;
const BANK_CARD = /^(?:(?:62|5[1-5]|4[0-9])[0-9]{14}|62[0-9]{15,17}|3[47][0-9]{13})$/;

/** Whether an identity or bank card number stands in what somebody told. */
function isTold(text) {
  const runs = (text.normalize("NFKC").toUpperCase().match(TYPED_RUN) ?? []).map((run) => run.replace(/[ -]/g, ""));
  return runs.some((run) => DATED.test(run) || (BANK_CARD.test(run) && isLuhn(run)));
}

function isLuhn(digits) {
  let sum = 0;
  for (const [at, digit] of [...digits].reverse().entries()) {
    const value = Number(digit) * (at % 2 ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  }
  return sum % 10 === 0;
}

// --- what is sealed -----------------------------------------------------------------------------------------

/** The content, from tidied values without faults. What is not asked any more, after a change of mind, is left out. */
export function compose(form, values, context, photos = 0) {
  const fields = stepsOf(form, values).flatMap((step) => step.fields).filter((field) => holds(field.asked, values));
  const told = Object.fromEntries(Object.keys(values).map((name) => [name, ""]));
  for (const { name } of fields) told[name] = values[name];
  return {
    name: told.name,
    phone: told.phone,
    address: told.address,
    respondent: told.respondent,
    respondent_address: told.respondent_address,
    bought_on: told.bought_on,
    amount: fen(told.amount),
    facts: told.facts,
    request: told.request,
    context,
    matter: form.matter,
    form: form.form,
    respondent_code: told.respondent_code,
    what: told.what,
    place: told.place,
    grounds: told.grounds,
    requests: Object.keys(told).filter((name) => REQUESTS.test(name) && told[name]).map((name) => name.replace(REQUESTS, "")),
    guardian: told.guardian,
    on_behalf: told.on_behalf,
    on_behalf_phone: told.on_behalf_phone,
    relation: told.relation,
    authority: told.authority === "yes",
    consents: { forward: told.forward === "yes", mediation: told.mediation === "yes", publicity: told.publicity === "yes" },
    photos,
  };
}

/** Yuan as kept (`128`, `1280.5`) → fen; null where nothing was said. */
function fen(amount) {
  if (!amount) return null;
  const [yuan, cents = ""] = amount.split(".");
  return Number(yuan) * 100 + Number(cents.padEnd(2, "0"));
}

function without(signs, text) {
  return text.replace(new RegExp(`[${signs}]`, "g"), "");
}

function strip(text) {
  return text.replace(new RegExp(`^[${BLANK}]+|[${BLANK}]+$`, "g"), "");
}
