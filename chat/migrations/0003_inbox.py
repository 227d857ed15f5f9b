"""How far staff, who share the inbox, have looked."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("chat", "0002_rules")]
    operations = [
        migrations.AddField("Thread", "staff_seen_seq", models.BigIntegerField(default=0, editable=False)),
    ]
