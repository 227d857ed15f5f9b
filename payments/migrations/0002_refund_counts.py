from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='refund',
            name='counts',
            field=models.BooleanField(default=True, help_text="Of the order's own money; else of what came on top."),
        ),
    ]
