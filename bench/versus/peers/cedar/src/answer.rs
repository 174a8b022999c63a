//! Answers to cases: what the reference parses, validates and decides.

use std::collections::HashMap;
use std::error::Error;
use std::io::{BufRead, Write};
use std::str::FromStr;

use cedar_policy::{
    AuthorizationError, Authorizer, Context, Decision, Entities, EntityId, EntityTypeName,
    EntityUid, PolicyId, PolicySet, Request, Schema, SchemaFragment, SlotId, ValidationMode,
    Validator,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Deserialize)]
struct Uid {
    r#type: String,
    id: String,
}

#[derive(Deserialize)]
struct PolicyText {
    text: String,
}

#[derive(Deserialize)]
struct Link {
    id: String,
    template: String,
    values: HashMap<String, Uid>,
}

#[derive(Deserialize)]
struct Question {
    principal: Uid,
    action: Uid,
    resource: Uid,
    context: String,
}

#[derive(Deserialize)]
struct Case {
    case: u64,
    policies: Vec<PolicyText>,
    #[serde(default)]
    links: Vec<Link>,
    schema: Option<String>,
    schema_json: Option<String>,
    entities: String,
    requests: Vec<Question>,
    #[serde(default)]
    forms: bool,
}

#[derive(Serialize)]
struct Verdict {
    decision: &'static str,
    reasons: Vec<String>,
    errors: Vec<String>,
}

/// With the schema: whether the request fits it, and the decision.
#[derive(Serialize)]
struct Typed {
    fits: bool,
    typed: Option<Verdict>,
}

#[derive(Default, Serialize)]
struct Answered {
    context: bool,
    plain: Option<Verdict>,
    #[serde(flatten)]
    typed: Option<Typed>,
}

#[derive(Default, Serialize)]
struct Answer {
    case: u64,
    policies: bool,
    links: Vec<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invalid: Option<Vec<String>>,
    entities: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    typed_entities: Option<bool>,
    requests: Vec<Answered>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policies_json: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    converted_schema: Option<Value>,
    /// Why something was refused, for a person.
    why: Vec<String>,
}

fn sorted(ids: impl Iterator<Item = String>) -> Vec<String> {
    let mut ids: Vec<String> = ids.collect();
    ids.sort();
    ids
}

/// The value, or nothing and the reason in `why`.
fn kept<T, E: std::fmt::Display>(
    outcome: Result<T, E>,
    what: &str,
    why: &mut Vec<String>,
) -> Option<T> {
    outcome
        .map_err(|problem| why.push(format!("{what}: {problem}")))
        .ok()
}

fn entity(uid: &Uid) -> Result<EntityUid, String> {
    let name = EntityTypeName::from_str(&uid.r#type).map_err(|problem| problem.to_string())?;
    Ok(EntityUid::from_type_name_and_id(
        name,
        EntityId::new(&uid.id),
    ))
}

fn link(policies: &mut PolicySet, link: &Link) -> Result<(), String> {
    let mut values = HashMap::new();
    for (slot, uid) in &link.values {
        let slot = match slot.as_str() {
            "?principal" => SlotId::principal(),
            "?resource" => SlotId::resource(),
            other => return Err(format!("no slot {other}")),
        };
        values.insert(slot, entity(uid)?);
    }
    policies
        .link(
            PolicyId::new(&link.template),
            PolicyId::new(&link.id),
            values,
        )
        .map_err(|problem| problem.to_string())
}

/// The policy that the error is of.
fn erring(error: &AuthorizationError) -> String {
    let AuthorizationError::PolicyEvaluationError(error) = error;
    error.policy_id().to_string()
}

struct Setting<'a> {
    authorizer: Authorizer,
    policies: Option<PolicySet>,
    schema: Option<&'a Schema>,
    plain: Option<Entities>,
    typed: Option<Entities>,
}

impl Setting<'_> {
    fn decide(&self, request: &Request, entities: Option<&Entities>) -> Option<Verdict> {
        let response = self
            .authorizer
            .is_authorized(request, self.policies.as_ref()?, entities?);
        Some(Verdict {
            decision: match response.decision() {
                Decision::Allow => "allow",
                Decision::Deny => "deny",
            },
            reasons: sorted(response.diagnostics().reason().map(ToString::to_string)),
            errors: sorted(response.diagnostics().errors().map(erring)),
        })
    }

    fn answer(&self, question: &Question, why: &mut Vec<String>) -> Answered {
        let mut answered = Answered::default();
        let uids = (|| {
            Ok::<_, String>((
                entity(&question.principal)?,
                entity(&question.action)?,
                entity(&question.resource)?,
            ))
        })();
        let Some((principal, action, resource)) = kept(uids, "uid", why) else {
            return answered;
        };
        let text = question.context.as_str();
        if let Some(context) = kept(Context::from_json_str(text, None), "context", why) {
            answered.context = true;
            let request = Request::new(
                principal.clone(),
                action.clone(),
                resource.clone(),
                context,
                None,
            );
            if let Some(request) = kept(request, "request", why) {
                answered.plain = self.decide(&request, self.plain.as_ref());
            }
        }
        if let Some(schema) = self.schema {
            let request = Context::from_json_str(text, Some((schema, &action)))
                .map_err(|problem| problem.to_string())
                .and_then(|context| {
                    Request::new(principal, action, resource, context, Some(schema))
                        .map_err(|problem| problem.to_string())
                });
            let request = kept(request, "fits", why);
            answered.typed = Some(Typed {
                fits: request.is_some(),
                typed: request.and_then(|request| self.decide(&request, self.typed.as_ref())),
            });
        }
        answered
    }
}

fn forms(policies: &PolicySet) -> Value {
    let one = |id: String, json: Result<Value, String>| (id, json.unwrap_or(Value::Null));
    let mut all: serde_json::Map<String, Value> = serde_json::Map::new();
    all.extend(
        policies
            .policies()
            .filter(|policy| policy.is_static())
            .map(|policy| {
                one(
                    policy.id().to_string(),
                    policy.to_json().map_err(|e| e.to_string()),
                )
            }),
    );
    all.extend(policies.templates().map(|template| {
        one(
            template.id().to_string(),
            template.to_json().map_err(|e| e.to_string()),
        )
    }));
    Value::Object(all)
}

fn answer(case: &Case) -> Answer {
    let mut answer = Answer {
        case: case.case,
        ..Answer::default()
    };
    let mut why = Vec::new();
    let text = case
        .policies
        .iter()
        .map(|policy| policy.text.as_str())
        .collect::<Vec<_>>()
        .join("\n");
    let mut policies = kept(PolicySet::from_str(&text), "policies", &mut why);
    answer.policies = policies.is_some();
    if let Some(policies) = policies.as_mut() {
        for asked in &case.links {
            answer
                .links
                .push(kept(link(policies, asked), "link", &mut why).is_some());
        }
    }
    if case.forms {
        answer.policies_json = policies.as_ref().map(forms);
        answer.converted_schema = case.schema.as_ref().and_then(|text| {
            SchemaFragment::from_cedarschema_str(text)
                .ok()
                .and_then(|(fragment, _)| fragment.to_json_value().ok())
        });
    }
    let schema = match (&case.schema, &case.schema_json) {
        (Some(text), _) => Some(kept(
            Schema::from_cedarschema_str(text).map(|(schema, _)| schema),
            "schema",
            &mut why,
        )),
        (None, Some(json)) => Some(kept(Schema::from_json_str(json), "schema", &mut why)),
        (None, None) => None,
    };
    answer.schema = schema.as_ref().map(Option::is_some);
    let schema = schema.flatten();
    if let (Some(schema), Some(policies)) = (&schema, &policies) {
        let result = Validator::new(schema.clone()).validate(policies, ValidationMode::Strict);
        answer.valid = Some(result.validation_passed());
        let mut invalid = sorted(
            result
                .validation_errors()
                .map(|error| error.policy_id().to_string()),
        );
        invalid.dedup();
        answer.invalid = Some(invalid);
        why.extend(
            result
                .validation_errors()
                .map(|error| format!("validation: {error}")),
        );
    }
    let entities = case.entities.as_str();
    let plain = kept(
        Entities::from_json_str(entities, None),
        "entities",
        &mut why,
    );
    answer.entities = plain.is_some();
    let typed = schema.as_ref().and_then(|schema| {
        let typed = kept(
            Entities::from_json_str(entities, Some(schema)),
            "typed entities",
            &mut why,
        );
        answer.typed_entities = Some(typed.is_some());
        typed
    });
    let setting = Setting {
        authorizer: Authorizer::new(),
        policies,
        schema: schema.as_ref(),
        plain,
        typed,
    };
    answer.requests = case
        .requests
        .iter()
        .map(|question| setting.answer(question, &mut why))
        .collect();
    answer.why = why;
    answer
}

pub fn run() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let case: Case = serde_json::from_str(&line)?;
        serde_json::to_writer(&mut out, &answer(&case))?;
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(())
}
