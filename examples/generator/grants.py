"""What `aws iam get-account-authorization-details` prints.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
"""

import hashlib
import json
from urllib.parse import quote


class Account:
    """The authorization details of one account. `encoded`: policy documents as URL-encoded text,
    as the API sends them, where the CLI prints them decoded."""

    def __init__(self, account, encoded=False):
        self.account = account
        self.encoded = encoded
        self.users, self.groups, self.roles, self.policies = [], [], [], []

    def unique_id(self, prefix, name):
        digest = hashlib.sha256(f"{self.account}/{prefix}/{name}".encode()).hexdigest().upper()
        return f"{prefix}EXAMPLE{digest[:10]}"

    def document(self, document):
        if not self.encoded:
            return document
        return quote(json.dumps(document, indent=4), safe="")

    def inline(self, policies):
        return [{"PolicyName": name, "PolicyDocument": self.document(document)}
                for name, document in policies.items()]

    def user(self, name, created, groups=(), managed=(), inline=None):
        entry = {
            "Path": "/",
            "UserName": name,
            "UserId": self.unique_id("AIDA", name),
            "Arn": f"arn:aws:iam::{self.account}:user/{name}",
            "CreateDate": created,
            "GroupList": list(groups),
            "AttachedManagedPolicies": attached(managed),
            "Tags": [],
        }
        if inline:
            entry["UserPolicyList"] = self.inline(inline)
        self.users.append(entry)

    def group(self, name, created, managed=(), inline=None):
        self.groups.append({
            "Path": "/",
            "GroupName": name,
            "GroupId": self.unique_id("AGPA", name),
            "Arn": f"arn:aws:iam::{self.account}:group/{name}",
            "CreateDate": created,
            "GroupPolicyList": self.inline(inline or {}),
            "AttachedManagedPolicies": attached(managed),
        })

    def role(self, name, created, trust, managed=(), inline=None, path="/", boundary=None,
             tags=None, last_used=None):
        entry = {
            "Path": path,
            "RoleName": name,
            "RoleId": self.unique_id("AROA", name),
            "Arn": f"arn:aws:iam::{self.account}:role{path}{name}",
            "CreateDate": created,
            "AssumeRolePolicyDocument": self.document(trust),
            "InstanceProfileList": [],
            "RolePolicyList": self.inline(inline or {}),
            "AttachedManagedPolicies": attached(managed),
        }
        if boundary:
            entry["PermissionsBoundary"] = {
                "PermissionsBoundaryType": "Policy",
                "PermissionsBoundaryArn": boundary,
            }
        entry["Tags"] = [{"Key": k, "Value": v} for k, v in (tags or {}).items()]
        entry["RoleLastUsed"] = (
            {"LastUsedDate": last_used[0], "Region": last_used[1]} if last_used else {})
        self.roles.append(entry)

    def policy(self, arn, created, versions, default=None, attachments=1, boundaries=0):
        """`versions`: [(version id, date, document)], newest first."""
        default = default or versions[0][0]
        name = arn.rsplit("/", 1)[1]
        path = arn.split(":policy", 1)[1][: -len(name)]
        self.policies.append({
            "PolicyName": name,
            "PolicyId": self.unique_id("ANPA", name),
            "Arn": arn,
            "Path": path,
            "DefaultVersionId": default,
            "AttachmentCount": attachments,
            "PermissionsBoundaryUsageCount": boundaries,
            "IsAttachable": True,
            "CreateDate": created,
            "UpdateDate": versions[0][1],
            "PolicyVersionList": [
                {
                    "Document": self.document(document),
                    "VersionId": version,
                    "IsDefaultVersion": version == default,
                    "CreateDate": date,
                }
                for version, date, document in versions
            ],
        })

    def text(self):
        return printed({
            "UserDetailList": self.users,
            "GroupDetailList": self.groups,
            "RoleDetailList": self.roles,
            "Policies": self.policies,
        })


def attached(arns):
    return [{"PolicyName": arn.rsplit("/", 1)[1], "PolicyArn": arn} for arn in arns]


def printed(value):
    """As the AWS CLI prints JSON."""
    return json.dumps(value, indent=4, ensure_ascii=False) + "\n"


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(sid, actions, resources="*", condition=None, effect="Allow", key="Action"):
    statement = {"Sid": sid, "Effect": effect, key: actions, "Resource": resources}
    if condition:
        statement["Condition"] = condition
    return statement


def deny(sid, actions, resources="*", condition=None):
    return allow(sid, actions, resources, condition, effect="Deny")


def trust(principal, action="sts:AssumeRole", condition=None):
    statement = {"Effect": "Allow", "Principal": principal, "Action": action}
    if condition:
        statement["Condition"] = condition
    return policy(statement)
