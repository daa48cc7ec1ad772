"""A CI deploy role: GitHub Actions, CloudFormation and ECS, with PowerUserAccess."""

from datetime import timedelta

from .cloudtrail import (FIRST, LAST, Caller, Trail, days, long_date, refused, role_session, service,
                         stamp, user_in_console)
from .grants import Account, allow, policy, trust

ACCOUNT = "111122223333"
REGION = "eu-west-1"
OIDC = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ci/ci-deploy"
SUBJECT = "repo:acme-shop/storefront:ref:refs/heads/main"
ARTIFACTS = f"shop-artifacts-{ACCOUNT}-{REGION}"
AGENT = ("aws-cli/2.31.4 md/awscrt#0.27.6 ua/2.1 os/linux#6.11.0-azure md/arch#x86_64 "
         "lang/python#3.13.7 exec-env/GitHub_Actions")
SSM_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/5d1e0000-1111-4222-8333-444455556666"


def arn(service_name, rest):
    return f"arn:aws:{service_name}:{REGION}:{ACCOUNT}:{rest}"


def build():
    account = grants()
    ids = {role["RoleName"]: role["RoleId"] for role in account.roles}
    trail = Trail("ci-deploy", ACCOUNT, REGION)
    dice = trail.dice
    run = 17_402_118_341
    count = 0
    for day in days(FIRST, LAST, {0, 3}):
        noise(trail, account, ids, day)
        for hour in (10, 15)[: 2 if dice.number(1, 10) <= 6 else 1]:
            run += dice.number(3_000_000, 90_000_000)
            count += 1
            deploy(trail, ids["ci-deploy"], day, hour, run, count)
    return trail, {"grants.json": account.text()}


def deploy(trail, role_id, day, hour, run, count):
    """One workflow run: signs in, then deploys the API stack or the web service."""
    dice = trail.dice
    clock = trail.clock(day + timedelta(hours=hour, minutes=dice.number(0, 50)))
    session = f"gha-storefront-{run}"
    key = f"ASIAEXAMPLE{dice.text(9)}"
    ip = f"203.0.113.{dice.number(10, 200)}"
    sign_in(trail, clock, role_id, session, key, ip)
    ci = role_session(
        ACCOUNT, "ci-deploy", role_id, session, key, clock.now, ip, AGENT, path="/ci/",
        federation={"federatedProvider": OIDC, "attributes": {}})
    trail.add(ci, clock(), "sts", "GetCallerIdentity")
    if count % 2:
        deploy_api(trail, ci, clock, count)
    else:
        deploy_web(trail, ci, clock, count)
    if count % 5 == 0:
        check_roles(trail, ci, clock, count)
    if count == 21:
        foreign_region(trail, ci, clock)


def sign_in(trail, clock, role_id, session, key, ip):
    caller = Caller(
        {
            "type": "WebIdentityUser",
            "principalId": f"{OIDC}:sts.amazonaws.com:{SUBJECT}",
            "userName": SUBJECT,
            "identityProvider": OIDC,
        },
        ip, "configure-aws-credentials-for-github-actions")
    when = clock()
    trail.add(
        caller, when, "sts", "AssumeRoleWithWebIdentity",
        {"roleArn": ROLE, "roleSessionName": session, "durationSeconds": 3600},
        {
            "credentials": {
                "accessKeyId": key,
                "sessionToken": "EXAMPLESESSIONTOKEN",
                "expiration": long_date(when + timedelta(hours=1)),
            },
            "subjectFromWebIdentityToken": SUBJECT,
            "assumedRoleUser": {
                "assumedRoleId": f"{role_id}:{session}",
                "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/ci-deploy/{session}",
            },
            "provider": OIDC,
            "audience": "sts.amazonaws.com",
        },
        resources=[{"accountId": ACCOUNT, "type": "AWS::IAM::Role", "ARN": ROLE}])


def deploy_api(trail, ci, clock, count):
    """CloudFormation with the caller's own rights (no service role), two Lambda functions."""
    dice = trail.dice
    commit = dice.hex(12)
    names = ["/shop/prod/domain", "/shop/prod/certificate-arn"]
    trail.add(ci, clock(), "ssm", "GetParameters", {"names": names, "withDecryption": False},
              resources=[{"accountId": ACCOUNT, "ARN": arn("ssm", f"parameter{n}")} for n in names])
    trail.s3(ci, clock(), "GetBucketLocation", ARTIFACTS, request={"location": ""})
    if count % 3 == 1:
        trail.s3(ci, clock(), "GetBucketEncryption", ARTIFACTS, request={"encryption": ""})
    # What follows uploads the package: PutObject is a data event, and this trail records none.
    stack = arn("cloudformation", "stack/shop-api/8a1c2e40-4f6b-11f0-9a6e-0a1b2c3d4e5f")
    change = f"deploy-{commit}"
    change_arn = arn("cloudformation", f"changeSet/{change}/{dice.uuid()}")
    trail.add(
        ci, clock(5, 20), "cloudformation", "CreateChangeSet",
        {
            "stackName": "shop-api",
            "changeSetName": change,
            "changeSetType": "UPDATE",
            "templateURL": f"https://{ARTIFACTS}.s3.{REGION}.amazonaws.com/shop-api/{commit}.template",
            "capabilities": ["CAPABILITY_IAM"],
            "parameters": [{"parameterKey": "Version", "parameterValue": commit}],
            "description": "Created by the storefront workflow",
        },
        {"id": change_arn, "stackId": stack}, write=True)
    for _ in range(2):
        trail.add(ci, clock(3, 9), "cloudformation", "DescribeChangeSet",
                  {"changeSetName": change_arn, "stackName": stack})
    trail.add(ci, clock(), "cloudformation", "ExecuteChangeSet",
              {"changeSetName": change_arn, "stackName": stack}, write=True)
    cfn = ci.via("cloudformation.amazonaws.com")
    for function in ("shop-api", "shop-worker"):
        update_function(trail, cfn, clock, function, commit)
    for _ in range(dice.number(2, 3)):
        trail.add(ci, clock(8, 30), "cloudformation", "DescribeStacks", {"stackName": "shop-api"})
    throttled = ("ThrottlingException", "Rate exceeded") if count % 13 == 0 else None
    trail.add(ci, clock(), "cloudformation", "DescribeStackEvents", {"stackName": "shop-api"},
              error=throttled)
    if throttled:
        trail.add(ci, clock(), "cloudformation", "DescribeStackEvents", {"stackName": "shop-api"})
    if count in (7, 23):
        trail.add(ci, clock(), "cloudformation", "DescribeStacks",
                  {"stackName": f"shop-preview-{count}"},
                  error=("ValidationException",
                         f"Stack with id shop-preview-{count} does not exist"))
    retention(trail, ci, clock, "/aws/lambda/shop-api", count)


def update_function(trail, cfn, clock, function, commit):
    """What CloudFormation does for a Lambda function, with the caller's rights."""
    function_arn = arn("lambda", f"function:{function}")
    role = f"arn:aws:iam::{ACCOUNT}:role/shop-lambda"
    state = {
        "functionName": function,
        "functionArn": function_arn,
        "runtime": "python3.13",
        "role": role,
        "handler": "app.handler",
        "codeSize": 4_318_221,
        "timeout": 30,
        "memorySize": 512,
        "lastModified": f"{stamp(clock.now)[:-1]}.000+0000",
        "codeSha256": trail.dice.text(43) + "=",
        "version": "$LATEST",
        "state": "Active",
        "lastUpdateStatus": "InProgress",
        "packageType": "Zip",
        "architectures": ["arm64"],
    }
    trail.add(cfn, clock(), "lambda", "GetFunction20150331v2", {"functionName": function})
    trail.add(cfn, clock(), "lambda", "UpdateFunctionCode20150331v2",
              {
                  "functionName": function,
                  "s3Bucket": ARTIFACTS,
                  "s3Key": f"shop-api/{commit}-{function}.zip",
                  "publish": False,
                  "dryRun": False,
                  "architectures": ["arm64"],
              }, state, write=True)
    trail.add(cfn, clock(4, 9), "lambda", "GetFunctionConfiguration20150331v2",
              {"functionName": function})
    trail.add(cfn, clock(), "lambda", "UpdateFunctionConfiguration20150331v2",
              {
                  "functionName": function_arn,
                  "role": role,
                  "handler": "app.handler",
                  "runtime": "python3.13",
                  "timeout": 30,
                  "memorySize": 512,
                  "environment": {},
              }, {**state, "environment": {}}, write=True)


def deploy_web(trail, ci, clock, count):
    """An image to ECR, a task definition and a service update in ECS."""
    dice = trail.dice
    tag = dice.hex(12)
    push_image(trail, ci, clock, "shop/web", tag, 1 + count % 3)
    name = "/shop/prod/db-password"
    trail.add(ci, clock(), "ssm", "GetParameter", {"name": name, "withDecryption": True},
              resources=[{"accountId": ACCOUNT, "ARN": arn("ssm", f"parameter{name}")}])
    trail.kms(ci.via("ssm.amazonaws.com"), clock(0, 1), "Decrypt", SSM_KEY,
              {"PARAMETER_ARN": arn("ssm", f"parameter{name}")})
    if count in (4, 12, 30):
        trail.add(ci, clock(), "ssm", "GetParameter",
                  {"name": "/shop/prod/feature-flags", "withDecryption": False},
                  error=("ParameterNotFound", ""))
    trail.add(ci, clock(), "ecs", "DescribeTaskDefinition", {"taskDefinition": "shop-web"})
    register_task(trail, ci, clock, tag, 140 + count)
    retention(trail, ci, clock, "/ecs/shop-web", count)
    update_service(trail, ci, clock, 140 + count)


def push_image(trail, ci, clock, repository, tag, layers):
    """docker push: the registry calls ECR, which CloudTrail marks as `AWS Internal`."""
    dice = trail.dice
    trail.add(ci, clock(), "ecr", "GetAuthorizationToken")
    registry = ci.via("AWS Internal")
    where = [{"ARN": arn("ecr", f"repository/{repository}"), "accountId": ACCOUNT}]
    common = {"registryId": ACCOUNT, "repositoryName": repository}
    for _ in range(layers):
        digest = f"sha256:{dice.hex(64)}"
        upload = dice.uuid()
        size = dice.number(2_000_000, 9_000_000)
        trail.add(registry, clock(), "ecr", "BatchCheckLayerAvailability",
                  {**common, "layerDigests": [digest]}, resources=where)
        trail.add(registry, clock(), "ecr", "InitiateLayerUpload", common,
                  {"uploadId": upload, "partSize": 10_485_760}, write=True, resources=where)
        trail.add(registry, clock(2, 8), "ecr", "UploadLayerPart",
                  {**common, "uploadId": upload, "partFirstByte": 0, "partLastByte": size},
                  {**common, "uploadId": upload, "lastByteReceived": size},
                  write=True, resources=where)
        trail.add(registry, clock(), "ecr", "CompleteLayerUpload",
                  {**common, "uploadId": upload, "layerDigests": [digest]},
                  {**common, "uploadId": upload, "layerDigest": digest},
                  write=True, resources=where)
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    manifest = '{"schemaVersion":2,"mediaType":"%s","config":{"size":5543,"digest":"sha256:%s"}}' % (
        kind, dice.hex(64))
    trail.add(registry, clock(), "ecr", "PutImage",
              {**common, "imageTag": tag, "imageManifest": manifest, "imageManifestMediaType": kind},
              {"image": {**common, "imageManifest": manifest, "imageManifestMediaType": kind,
                         "imageId": {"imageDigest": f"sha256:{dice.hex(64)}", "imageTag": tag}}},
              write=True, resources=where)


def register_task(trail, ci, clock, tag, revision):
    """Needs iam:PassRole for both roles; PassRole has no event of its own."""
    container = {
        "name": "web",
        "image": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/shop/web:{tag}",
        "cpu": 512,
        "memory": 1024,
        "essential": True,
        "portMappings": [{"containerPort": 8080, "protocol": "tcp"}],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {"awslogs-group": "/ecs/shop-web", "awslogs-region": REGION,
                        "awslogs-stream-prefix": "web"},
        },
    }
    definition = {
        "family": "shop-web",
        "taskRoleArn": f"arn:aws:iam::{ACCOUNT}:role/shop-task",
        "executionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/shop-web-execution",
        "networkMode": "awsvpc",
        "containerDefinitions": [container],
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "512",
        "memory": "1024",
    }
    trail.add(ci, clock(), "ecs", "RegisterTaskDefinition", definition,
              {"taskDefinition": {
                  **definition,
                  "taskDefinitionArn": arn("ecs", f"task-definition/shop-web:{revision}"),
                  "revision": revision,
                  "status": "ACTIVE",
                  "registeredAt": long_date(clock.now),
                  "registeredBy": ci.arn,
              }}, write=True)


def update_service(trail, ci, clock, revision):
    trail.add(ci, clock(), "ecs", "UpdateService",
              {
                  "cluster": "shop-prod",
                  "service": "shop-web",
                  "taskDefinition": f"shop-web:{revision}",
                  "forceNewDeployment": False,
              },
              {"service": {
                  "serviceArn": arn("ecs", "service/shop-prod/shop-web"),
                  "serviceName": "shop-web",
                  "clusterArn": arn("ecs", "cluster/shop-prod"),
                  "status": "ACTIVE",
                  "desiredCount": 3,
                  "runningCount": 3,
                  "pendingCount": 0,
                  "launchType": "FARGATE",
                  "taskDefinition": arn("ecs", f"task-definition/shop-web:{revision}"),
                  "roleArn": (f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/ecs.amazonaws.com/"
                              "AWSServiceRoleForECS"),
              }}, write=True)
    for _ in range(trail.dice.number(2, 4)):
        trail.add(ci, clock(15, 40), "ecs", "DescribeServices",
                  {"cluster": "shop-prod", "services": ["shop-web"]})


def retention(trail, ci, clock, group, count):
    throttled = ("ThrottlingException", "Rate exceeded") if count in (9, 18) else None
    trail.add(ci, clock(), "logs", "DescribeLogGroups", {"logGroupNamePrefix": group},
              error=throttled)
    if throttled:
        trail.add(ci, clock(2, 5), "logs", "DescribeLogGroups", {"logGroupNamePrefix": group})
    if count in (2, 3, 16, 17):
        exists = None
        if count > 3:
            exists = ("ResourceAlreadyExistsException", "The specified log group already exists")
        trail.add(ci, clock(), "logs", "CreateLogGroup", {"logGroupName": group}, write=True,
                  error=exists)
    trail.add(ci, clock(), "logs", "PutRetentionPolicy",
              {"logGroupName": group, "retentionInDays": 30}, write=True)


def check_roles(trail, ci, clock, count):
    for role in ("shop-task", "shop-web-execution"):
        trail.add(ci, clock(), "iam", "GetRole", {"roleName": role}, region="us-east-1")
    if count in (10, 25):
        target = f"arn:aws:iam::{ACCOUNT}:role/shop-worker-task"
        trail.add(ci, clock(), "iam", "CreateRole",
                  {
                      "roleName": "shop-worker-task",
                      "assumeRolePolicyDocument": (
                          '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":'
                          '{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]}'),
                  },
                  write=True, region="us-east-1", error=refused(ci, "iam:CreateRole", target))


def foreign_region(trail, ci, clock):
    """Refused by a service control policy that is not in the account's own details."""
    region = "ap-southeast-2"
    error = refused(
        ci, "ec2:RunInstances", f"arn:aws:ec2:{region}:{ACCOUNT}:instance/*",
        "with an explicit deny in a service control policy. Encoded authorization failure message: "
        "EXAMPLE" + trail.dice.text(120),
        code="Client.UnauthorizedOperation",
        lead="You are not authorized to perform this operation. ")
    for _ in range(2):
        trail.add(
            ci, clock(), "ec2", "RunInstances",
            {
                "instancesSet": {"items": [
                    {"imageId": "ami-0example0example01", "minCount": 1, "maxCount": 1}]},
                "instanceType": "c7g.large",
                "blockDeviceMapping": {},
                "monitoring": {"enabled": False},
                "disableApiTermination": False,
            },
            write=True, region=region, error=error)


def noise(trail, account, ids, day):
    """Other principals of the account."""
    dice = trail.dice
    clock = trail.clock(day + timedelta(hours=6, minutes=dice.number(0, 59)))
    ecs = service("ecs-tasks.amazonaws.com")
    for role in ("shop-task", "shop-web-execution"):
        trail.assume_role(ecs, clock(), f"arn:aws:iam::{ACCOUNT}:role/{role}", ids[role],
                          dice.hex(32), f"ASIAEXAMPLE{dice.text(9)}")
    linked = role_session(
        ACCOUNT, "AWSServiceRoleForECS", ids["AWSServiceRoleForECS"], "ECSNetworkingWithLB",
        f"ASIAEXAMPLE{dice.text(9)}", clock.now, "ecs.amazonaws.com", "ecs.amazonaws.com",
        path="/aws-service-role/ecs.amazonaws.com/").via("ecs.amazonaws.com")
    group = arn("elasticloadbalancing", "targetgroup/shop-web/0123456789abcdef")
    trail.add(linked, clock(), "elasticloadbalancing", "DescribeTargetHealth",
              {"targetGroupArn": group})
    trail.add(linked, clock(), "elasticloadbalancing", "RegisterTargets",
              {"targetGroupArn": group, "targets": [{"id": f"198.51.100.{dice.number(4, 250)}",
                                                     "port": 8080}]}, write=True)
    ops = role_session(
        ACCOUNT, "ops-readonly", ids["ops-readonly"], "marta", f"ASIAEXAMPLE{dice.text(9)}",
        clock.now, "198.51.100.40", AGENT.removesuffix(" exec-env/GitHub_Actions"))
    trail.add(ops, clock(60, 300), "ecs", "ListServices", {"cluster": "shop-prod"})
    trail.add(ops, clock(), "ecs", "DescribeServices",
              {"cluster": "shop-prod", "services": ["shop-web", "shop-admin"]})
    trail.add(ops, clock(), "cloudformation", "ListStacks", {"stackStatusFilter": ["UPDATE_COMPLETE"]})
    if day.weekday() == 0:
        marta = next(u for u in account.users if u["UserName"] == "marta")
        caller = user_in_console(ACCOUNT, "marta", marta["UserId"], f"ASIAEXAMPLE{dice.text(9)}",
                                 clock.now, "198.51.100.40", "AWS Internal")
        trail.sign_in(caller, clock(100, 400))
        trail.add(caller, clock(), "cloudformation", "DescribeStacks")
        trail.add(caller, clock(), "ecs", "ListClusters")
    if day.day in (3, 17, 31):
        trail.add(service("cloudtrail.amazonaws.com"), clock(), "s3", "GetBucketAcl",
                  {"bucketName": "acme-shop-trail", "acl": "",
                   "Host": "acme-shop-trail.s3.eu-west-1.amazonaws.com"},
                  resources=[{"accountId": ACCOUNT, "type": "AWS::S3::Bucket",
                              "ARN": "arn:aws:s3:::acme-shop-trail"}])


def grants():
    account = Account(ACCOUNT)
    account.user("marta", "2024-02-12T08:31:07+00:00", groups=["ops"])
    account.group("ops", "2024-02-12T08:30:11+00:00",
                  managed=[f"arn:aws:iam::{ACCOUNT}:policy/OpsRead"])
    account.role(
        "ci-deploy", "2024-03-04T13:05:40+00:00", path="/ci/",
        trust=trust({"Federated": OIDC}, "sts:AssumeRoleWithWebIdentity", {
            "StringEquals": {
                "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
                "token.actions.githubusercontent.com:sub": SUBJECT,
            }}),
        managed=["arn:aws:iam::aws:policy/PowerUserAccess"],
        inline={"deploy-roles": policy(
            allow("PassShopRoles", "iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/shop-*",
                  {"StringEquals": {"iam:PassedToService": ["ecs-tasks.amazonaws.com",
                                                            "lambda.amazonaws.com"]}}),
            allow("ReadRoles", ["iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies"],
                  f"arn:aws:iam::{ACCOUNT}:role/*"))},
        tags={"team": "storefront"}, last_used=("2026-10-29T15:31:00+00:00", REGION))
    tasks = trust({"Service": "ecs-tasks.amazonaws.com"})
    account.role("shop-task", "2024-03-04T13:11:02+00:00", tasks, inline={"orders": policy(
        allow("Orders", ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"],
              arn("dynamodb", "table/shop-orders")))})
    account.role("shop-web-execution", "2024-03-04T13:10:21+00:00", tasks, managed=[
        "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"])
    account.role("shop-lambda", "2024-05-21T09:44:18+00:00",
                 trust({"Service": "lambda.amazonaws.com"}), managed=[
                     "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"])
    account.role("ops-readonly", "2024-02-12T08:33:50+00:00",
                 trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}),
                 managed=[f"arn:aws:iam::{ACCOUNT}:policy/OpsRead"])
    account.role("AWSServiceRoleForECS", "2024-03-04T12:58:00+00:00",
                 trust({"Service": "ecs.amazonaws.com"}),
                 path="/aws-service-role/ecs.amazonaws.com/",
                 managed=["arn:aws:iam::aws:policy/aws-service-role/AmazonECSServiceRolePolicy"])
    account.policy(f"arn:aws:iam::{ACCOUNT}:policy/OpsRead", "2024-02-12T08:29:33+00:00", [
        ("v1", "2024-02-12T08:29:33+00:00", policy(
            allow("Look", ["cloudformation:Describe*", "cloudformation:List*", "ecs:Describe*",
                           "ecs:List*", "cloudwatch:Describe*"])))], attachments=2)
    account.policy("arn:aws:iam::aws:policy/PowerUserAccess", "2015-02-06T18:39:47+00:00", [
        ("v12", "2026-02-12T17:59:14+00:00", power_user_access())])
    return account


def power_user_access():
    """The AWS managed policy, as of the date above."""
    return policy(
        {
            "Effect": "Allow",
            "NotAction": ["iam:*", "organizations:*", "account:*"],
            "Resource": "*",
        },
        {
            "Effect": "Allow",
            "Action": [
                "account:GetAccountInformation",
                "account:GetGovCloudAccountInformation",
                "account:GetPrimaryEmail",
                "account:ListRegions",
                "iam:CreateServiceLinkedRole",
                "iam:DeleteServiceLinkedRole",
                "iam:ListRoles",
                "organizations:DescribeEffectivePolicy",
                "organizations:DescribeOrganization",
            ],
            "Resource": "*",
        })
