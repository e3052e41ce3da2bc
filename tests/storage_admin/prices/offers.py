"""Offer files of Amazon's price list, in their documented form, with the neighbours that real ones have."""

from typing import Any

Line = tuple[str, str, str, str]  # usage type without the region's prefix, operation, unit, dollars

S3: tuple[Line, ...] = (
    ("TimedStorage-ByteHrs", "", "GB-Mo", "0.0245000000"),
    ("Requests-Tier1", "", "Requests", "0.0000054000"),
    ("Requests-Tier2", "", "Requests", "0.0000004300"),
    ("TimedStorage-INT-FA-ByteHrs", "", "GB-Mo", "0.0245000000"),
    ("Requests-INT-Tier1", "", "Requests", "0.0000054000"),
    ("Requests-INT-Tier2", "", "Requests", "0.0000004300"),
    ("Monitoring-Automation-INT", "", "Objects", "0.0000025000"),
    ("TimedStorage-SIA-ByteHrs", "", "GB-Mo", "0.0135000000"),
    ("Requests-SIA-Tier1", "", "Requests", "0.0000100000"),
    ("Requests-SIA-Tier2", "", "Requests", "0.0000010000"),
    ("Retrieval-SIA", "", "GB", "0.0100000000"),
    ("TimedStorage-ZIA-ByteHrs", "", "GB-Mo", "0.0108000000"),
    ("Requests-ZIA-Tier1", "", "Requests", "0.0000100000"),
    ("Requests-ZIA-Tier2", "", "Requests", "0.0000010000"),
    ("Retrieval-ZIA", "", "GB", "0.0100000000"),
    ("TimedStorage-GIR-ByteHrs", "", "GB-Mo", "0.0050000000"),
    ("Requests-GIR-Tier1", "", "Requests", "0.0000200000"),
    ("Requests-GIR-Tier2", "", "Requests", "0.0000100000"),
    ("Retrieval-GIR", "", "GB", "0.0300000000"),
    ("TimedStorage-GlacierByteHrs", "", "GB-Mo", "0.0040500000"),
    ("Requests-GLACIER-Tier1", "PutObject", "Requests", "0.0000360000"),
    ("Requests-GLACIER-Tier2", "", "Requests", "0.0000004300"),
    ("Requests-GDA-Tier2", "", "Requests", "0.0000004300"),
    ("Expedited-Retrieval-Bytes", "", "GB", "0.0360000000"),
    ("Standard-Retrieval-Bytes", "RestoreObject", "GB", "0.0120000000"),
    ("Bulk-Retrieval-Bytes", "RestoreObject", "GB", "0.0000000000"),
    ("Requests-Tier3", "RestoreObject", "Requests", "0.0000600000"),
    ("Requests-Tier5", "", "Requests", "0.0000000000"),
    ("Requests-Tier6", "", "Requests", "0.0120000000"),
    ("BatchOperations-Jobs", "", "Jobs", "0.2500000000"),
    ("BatchOperations-Objects", "", "Objects", "0.0000010000"),
    # Neighbours: other services by the same ending, other operations of the same usage type.
    ("Tables-TimedStorage-ByteHrs", "", "GB-Mo", "0.0288000000"),
    ("Annotation-TimedStorage-ByteHrs", "", "GB-Mo", "0.0300000000"),
    ("TimedStorage-ByteHrs", "IntAAObjectOverhead", "GB-Mo", "0.0235000000"),
    ("Requests-Tier3", "S3-GlacierTransition", "Requests", "0.0000360000"),
    ("Requests-Tier3", "S3-GDATransition", "Requests", "0.0000600000"),
)
DEEP: tuple[Line, ...] = (
    ("TimedStorage-GDA-ByteHrs", "", "GB-Mo", "0.0018000000"),
    ("Requests-GDA-Tier1", "PutObject", "Requests", "0.0000600000"),
    ("Requests-GDA-Tier1", "CopyObject", "Requests", "0.0000600000"),
    ("Standard-Retrieval-Bytes", "DeepArchiveRestoreObject", "GB", "0.0240000000"),
    ("Bulk-Retrieval-Bytes", "DeepArchiveRestoreObject", "GB", "0.0050000000"),
    ("Requests-GDA-Tier3", "DeepArchiveRestoreObject", "Requests", "0.0001200000"),
    ("Requests-GDA-Tier5", "DeepArchiveRestoreObjectBulk", "Requests", "0.0000300000"),
)


def offer(
    lines: tuple[Line, ...], prefix: str = "EUC1-", published: str = "2026-03-04T05:06:07Z"
) -> dict[str, Any]:
    """Return the file of these lines; each costs a tenth less above its first band."""
    products, terms = {}, {}
    for number, (usage, operation, unit, dollars) in enumerate(lines):
        sku = f"SKU{number}"
        attributes = {"servicecode": "AmazonS3", "usagetype": prefix + usage}
        products[sku] = {
            "sku": sku,
            "attributes": attributes | ({"operation": operation} if operation else {}),
        }
        bands = {
            "low": {"beginRange": "0", "endRange": "51200", "unit": unit, "pricePerUnit": {"USD": dollars}},
            "high": {
                "beginRange": "51200", "endRange": "Inf", "unit": unit,
                "pricePerUnit": {"USD": f"{float(dollars) * 0.9:.10f}"},
            },
        }  # fmt: skip
        terms[sku] = {f"{sku}.JRTCKXETXF": {"offerTermCode": "JRTCKXETXF", "priceDimensions": bands}}
    return {"publicationDate": published, "products": products, "terms": {"OnDemand": terms}}
