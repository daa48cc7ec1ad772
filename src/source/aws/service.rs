//! The services that are asked: their wire protocol and where they live.
//!
//! Names, versions and protocols are those of AWS's public service models; hosts those of its endpoint
//! rules (<https://docs.aws.amazon.com/general/latest/gr/rande.html>).

/// How a service is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// A form in, XML out; the version is sent along.
    Query(&'static str),
    /// JSON in and out, the operation in the header `X-Amz-Target`: content version and target prefix.
    Json(&'static str, &'static str),
    /// Paths, and JSON in and out.
    RestJson,
    /// Paths, and XML or bytes out: S3.
    RestXml,
}

/// One service.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Service {
    /// Its id as in `AWS_ENDPOINT_URL_<ID>` and the `services` section of the configuration file.
    pub(super) id: &'static str,
    /// The prefix of its IAM actions.
    pub(super) prefix: &'static str,
    /// The first label of its host.
    pub(super) host: &'static str,
    /// The name that requests are signed for.
    pub(super) signing: &'static str,
    pub(super) protocol: Protocol,
    /// Whether it has one endpoint a partition.
    pub(super) global: bool,
}

const fn regional(id: &'static str, name: &'static str, protocol: Protocol) -> Service {
    Service {
        id,
        prefix: name,
        host: name,
        signing: name,
        protocol,
        global: false,
    }
}

pub(super) static STS: Service = regional("sts", "sts", Protocol::Query("2011-06-15"));
pub(super) static IAM: Service = Service {
    global: true,
    ..regional("iam", "iam", Protocol::Query("2010-05-08"))
};
pub(super) static ORGANIZATIONS: Service = Service {
    global: true,
    ..regional(
        "organizations",
        "organizations",
        Protocol::Json("1.1", "AWSOrganizationsV20161128"),
    )
};
pub(super) static CLOUDTRAIL: Service = regional(
    "cloudtrail",
    "cloudtrail",
    Protocol::Json("1.1", "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101"),
);
pub(super) static CONFIG: Service = regional(
    "config_service",
    "config",
    Protocol::Json("1.1", "StarlingDoveService"),
);
pub(super) static S3: Service = regional("s3", "s3", Protocol::RestXml);
pub(super) static ATHENA: Service = regional("athena", "athena", Protocol::Json("1.1", "AmazonAthena"));
pub(super) static ACCESS_ANALYZER: Service =
    regional("accessanalyzer", "access-analyzer", Protocol::RestJson);
pub(super) static KMS: Service = regional("kms", "kms", Protocol::Json("1.1", "TrentService"));
pub(super) static SQS: Service = regional("sqs", "sqs", Protocol::Json("1.0", "AmazonSQS"));
pub(super) static SNS: Service = regional("sns", "sns", Protocol::Query("2010-03-31"));
pub(super) static LAMBDA: Service = regional("lambda", "lambda", Protocol::RestJson);
pub(super) static SECRETS_MANAGER: Service = regional(
    "secrets_manager",
    "secretsmanager",
    Protocol::Json("1.1", "secretsmanager"),
);
pub(super) static ECR: Service = Service {
    host: "api.ecr",
    ..regional(
        "ecr",
        "ecr",
        Protocol::Json("1.1", "AmazonEC2ContainerRegistry_V20150921"),
    )
};
pub(super) static DYNAMODB: Service =
    regional("dynamodb", "dynamodb", Protocol::Json("1.0", "DynamoDB_20120810"));

/// Where to send a request, and for which region to sign it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// With scheme, without a slash at the end.
    pub(super) url: String,
    pub(super) signing_region: String,
}

/// A partition: which regions are in it, the end of its hosts, and what is special in it.
struct Partition {
    regions: &'static str,
    suffix: &'static str,
    dual_stack: Option<&'static str>,
    /// Host and signing region of IAM.
    iam: (&'static str, &'static str),
    /// The region where Organizations lives.
    organizations: &'static str,
}

/// The partition of every region that is in none of the others.
static COMMERCIAL: Partition = Partition {
    regions: "",
    suffix: "amazonaws.com",
    dual_stack: Some("api.aws"),
    iam: ("iam.amazonaws.com", "us-east-1"),
    organizations: "us-east-1",
};

static PARTITIONS: [Partition; 7] = [
    Partition {
        regions: "cn-",
        suffix: "amazonaws.com.cn",
        dual_stack: Some("api.amazonwebservices.com.cn"),
        iam: ("iam.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        organizations: "cn-northwest-1",
    },
    Partition {
        regions: "us-gov-",
        suffix: "amazonaws.com",
        dual_stack: Some("api.aws"),
        iam: ("iam.us-gov.amazonaws.com", "us-gov-west-1"),
        organizations: "us-gov-west-1",
    },
    Partition {
        regions: "us-isob-",
        suffix: "sc2s.sgov.gov",
        dual_stack: None,
        iam: ("iam.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1"),
        organizations: "us-isob-east-1",
    },
    Partition {
        regions: "us-isof-",
        suffix: "csp.hci.ic.gov",
        dual_stack: None,
        iam: ("iam.us-isof-south-1.csp.hci.ic.gov", "us-isof-south-1"),
        organizations: "us-isof-south-1",
    },
    Partition {
        regions: "us-iso-",
        suffix: "c2s.ic.gov",
        dual_stack: None,
        iam: ("iam.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"),
        organizations: "us-iso-east-1",
    },
    Partition {
        regions: "eu-isoe-",
        suffix: "cloud.adc-e.uk",
        dual_stack: None,
        iam: ("iam.eu-isoe-west-1.cloud.adc-e.uk", "eu-isoe-west-1"),
        organizations: "eu-isoe-west-1",
    },
    Partition {
        regions: "eusc-",
        suffix: "amazonaws.eu",
        dual_stack: None,
        iam: ("iam.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"),
        organizations: "eusc-de-east-1",
    },
];

/// AWS's own endpoint of a service, as seen from `region`.
pub(super) fn endpoint(service: &Service, region: &str, fips: bool, dual_stack: bool) -> Endpoint {
    let partition = PARTITIONS
        .iter()
        .find(|partition| region.starts_with(partition.regions))
        .unwrap_or(&COMMERCIAL);
    if *service == IAM {
        let (host, signing_region) = partition.iam;
        let host = match host {
            "iam.amazonaws.com" if fips => "iam-fips.amazonaws.com",
            host => host,
        };
        return Endpoint {
            url: format!("https://{host}"),
            signing_region: signing_region.to_owned(),
        };
    }
    let region = if *service == ORGANIZATIONS {
        partition.organizations
    } else {
        region
    };
    let fips = if fips { "-fips" } else { "" };
    let name = service.host;
    // S3 writes its dual-stack hosts in a way of its own
    // (<https://docs.aws.amazon.com/AmazonS3/latest/API/dual-stack-endpoints.html>).
    let host = match partition.dual_stack.filter(|_| dual_stack && !service.global) {
        Some(_) if *service == S3 => format!("s3{fips}.dualstack.{region}.{}", partition.suffix),
        Some(suffix) => format!("{name}{fips}.{region}.{suffix}"),
        None => format!("{name}{fips}.{region}.{}", partition.suffix),
    };
    Endpoint {
        url: format!("https://{host}"),
        signing_region: region.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_where_the_partition_has_them() {
        let url = |service, region| endpoint(service, region, false, false);
        let at = |url: &str, region: &str| Endpoint {
            url: url.to_owned(),
            signing_region: region.to_owned(),
        };
        assert_eq!(
            url(&IAM, "eu-west-1"),
            at("https://iam.amazonaws.com", "us-east-1")
        );
        assert_eq!(
            url(&IAM, "cn-northwest-1"),
            at("https://iam.cn-north-1.amazonaws.com.cn", "cn-north-1")
        );
        assert_eq!(
            url(&ORGANIZATIONS, "ap-southeast-2"),
            at("https://organizations.us-east-1.amazonaws.com", "us-east-1")
        );
        assert_eq!(
            url(&ECR, "us-gov-east-1"),
            at("https://api.ecr.us-gov-east-1.amazonaws.com", "us-gov-east-1")
        );
        assert_eq!(
            url(&S3, "us-iso-west-1"),
            at("https://s3.us-iso-west-1.c2s.ic.gov", "us-iso-west-1")
        );
        assert_eq!(
            endpoint(&S3, "eu-west-1", true, true).url,
            "https://s3-fips.dualstack.eu-west-1.amazonaws.com"
        );
        assert_eq!(
            endpoint(&KMS, "eu-west-1", false, true).url,
            "https://kms.eu-west-1.api.aws"
        );
    }
}
