-- What principals did, one row for each kind of call: Spark SQL.
-- {table} and {where} are filled in; the columns are those of the CloudTrail table that `leastgrant sql` documents:
-- names as in CloudTrail's records, useridentity and resources nested, parameters as JSON in a text.
-- Sessions of one role are one caller; request parameters stay whole, since which permissions a call needs,
-- and on what, hangs on them. Write the result as JSON lines, and give the file to --trail.
SELECT
  useridentity.type AS identity_type,
  useridentity.accountid AS identity_account,
  useridentity.username AS identity_user,
  useridentity.invokedby AS invoked_by,
  useridentity.sessioncontext.sessionissuer.type AS issuer_type,
  useridentity.sessioncontext.sessionissuer.arn AS issuer_arn,
  useridentity.sessioncontext.sessionissuer.accountid AS issuer_account,
  useridentity.sessioncontext.sessionissuer.username AS issuer_user,
  eventsource AS event_source,
  eventname AS event_name,
  eventtype AS event_type,
  eventcategory AS event_category,
  awsregion AS region,
  recipientaccountid AS recipient_account,
  readonly AS read_only,
  errorcode AS error_code,
  errormessage AS error_message,
  requestparameters AS request_parameters,
  to_json(transform(resources, r -> named_struct('ARN', r.arn, 'accountId', r.accountid, 'type', r.type))) AS resources,
  vpcendpointid AS vpc_endpoint,
  sourceipaddress AS source_ip,
  max(useridentity.arn) AS identity_arn,
  max(responseelements) AS response_elements,
  min(eventid) AS event_id,
  min(eventtime) AS first_time,
  max(eventtime) AS last_time,
  count(DISTINCT eventid) AS times
FROM {table}
WHERE {where}
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21
