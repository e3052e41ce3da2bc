from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from photos import demo_data
from portal.s3.errors import S3Error


class Command(BaseCommand):
    help = "Make up owners, pets and photos to try the portal with. Refuses where real pets are."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--pets", type=int, default=24, help="how many (default: 24)")
        parser.add_argument("--seed", type=int, default=1, help="another makes other pets (default: 1)")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["pets"] < 0:
            raise CommandError("--pets must be 0 or more.")
        foreign = demo_data.foreign_pets()
        if foreign:
            raise CommandError(
                f"{foreign} real pets are here; demo pets would mix with them. Nothing was made."
            )
        pets = photos = 0
        try:
            for made in demo_data.make(pets=options["pets"], seed=options["seed"]):
                pets += 1
                photos += made.photos
        except S3Error as error:
            raise CommandError(f"After {pets} pets: {error} Run it again to go on.") from error
        self.stdout.write(f"{pets} pets and {photos} photos made; workers make the renditions.")
