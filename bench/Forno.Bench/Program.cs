Console.WriteLine("forno bench");
