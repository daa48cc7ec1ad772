-- What principals did, one row for each kind of call, over Security Lake's CloudTrail tables (OCSF 1.1): Spark SQL.
-- {table} and {where} are filled in. Mapping:
-- https://github.com/ocsf/examples/tree/main/mappings/markdown/AWS/v1.1.0/CloudTrail
-- Write the result as JSON lines, and give the file to --trail.
SELECT
  actor.user.type AS identity_type,
  actor.user.account.uid AS identity_account,
  actor.user.name AS identity_user,
  actor.invoked_by AS invoked_by,
  unmapped['userIdentity.sessionContext.sessionIssuer.type'] AS issuer_type,
  actor.session.issuer AS issuer_arn,
  CAST(NULL AS STRING) AS issuer_account,
  unmapped['userIdentity.sessionContext.sessionIssuer.userName'] AS issuer_user,
  api.service.name AS event_source,
  api.operation AS event_name,
  metadata.event_code AS event_type,
  metadata.product.feature.name AS event_category,
  cloud.region AS region,
  unmapped['recipientAccountId'] AS recipient_account,
  unmapped['readOnly'] AS read_only,
  api.response.error AS error_code,
  api.response.message AS error_message,
  api.request.data AS request_parameters,
  to_json(transform(resources, r -> named_struct('ARN', r.uid, 'accountId', r.owner.account.uid, 'type', r.type))) AS resources,
  src_endpoint.uid AS vpc_endpoint,
  COALESCE(src_endpoint.ip, src_endpoint.domain) AS source_ip,
  max(actor.user.uid) AS identity_arn,
  max(api.response.data) AS response_elements,
  min(metadata.uid) AS event_id,
  date_format(timestamp_millis(min(time)), "yyyy-MM-dd'T'HH:mm:ss'Z'") AS first_time,
  date_format(timestamp_millis(max(time)), "yyyy-MM-dd'T'HH:mm:ss'Z'") AS last_time,
  count(DISTINCT metadata.uid) AS times
FROM {table}
WHERE metadata.product.name = 'CloudTrail' AND {where}
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21
