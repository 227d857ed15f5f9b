"""What owners were told of their reminders; the business of the daily job alone."""

import core.clock
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("garage", "0001_initial")]
    operations = [
        migrations.CreateModel(
            name="ReminderTold",
            fields=[
                (
                    "reminder",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="told",
                        serialize=False,
                        to="garage.reminder",
                    ),
                ),
                ("urgency", models.CharField(max_length=8)),
                ("due_on", models.DateField(null=True)),
                ("due_odometer_km", models.DecimalField(decimal_places=1, max_digits=8, null=True)),
                ("told_at", models.DateTimeField(default=core.clock.now)),
            ],
        ),
        migrations.RunSQL(
            "REVOKE ALL ON garage_remindertold FROM revsync_app",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON garage_remindertold TO revsync_app",
        ),
    ]
